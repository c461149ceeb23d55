/// What the evidence of a run reached; each level includes those before it.
public enum Level: String, Sendable, Codable, CaseIterable, Comparable {
  /// Nothing was established.
  case none
  /// Every stored byte is what was sealed: digests read in full, a trusted signature.
  case bytes
  /// Every record can be read, in a shard that may hold it.
  case decoded
  /// A real server loads it and then holds exactly those records.
  case restored
  /// What was restored is what production held at the cut, by something other than the backup's own bytes.
  case content
  /// It answers as production did.
  case answers

  public static func < (a: Level, b: Level) -> Bool { a.rank < b.rank }
  private var rank: Int { Level.allCases.firstIndex(of: self) ?? 0 }

  /// The sentence that a report puts beside the level.
  public var claim: String {
    switch self {
    case .none: "nothing was established"
    case .bytes: "every stored byte is what was sealed"
    case .decoded: "every record can be read, in a shard that may hold it"
    case .restored: "a real server loads it and then holds exactly those records"
    case .content: "what was restored is what production held at the cut"
    case .answers: "it answers as production did"
    }
  }
}
