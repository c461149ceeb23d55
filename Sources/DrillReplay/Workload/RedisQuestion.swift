public import DrillModel

/// A read of Redis about one key, or for ``Verb/mget`` about keys of one slot.
///
/// Keys of every database are asked about; an operation names its own where it is not the first.
public struct RedisQuestion: Hashable, Sendable {
  public var verb: Verb
  /// Keys of an MGET, fields of an HMGET, elements of a range at most.
  public var count: Int
  /// Fields of an HMGET, members of a SISMEMBER, the path of a JSON.GET, the query of an FT.SEARCH. Values are not known to the generator: what the pattern does not
  /// hit is asked as absent.
  public var argument: ArgumentPattern?
  /// The ranks between which an LRANGE or a ZRANGE by rank starts.
  public var start: ClosedRange<Int64>
  /// The scores between which a ZRANGE by score lies; nil: from the least to the greatest, `count` elements of it.
  public var scores: ClosedRange<Int64>?
  /// The index that an FT.SEARCH asks.
  public var index: String?

  public init(
    _ verb: Verb, count: Int = 10, argument: ArgumentPattern? = nil, start: ClosedRange<Int64> = 0...0,
    scores: ClosedRange<Int64>? = nil, index: String? = nil
  ) {
    self.verb = verb
    self.count = count
    self.argument = argument
    self.start = start
    self.scores = scores
    self.index = index
  }

  public enum Verb: String, Sendable, CaseIterable {
    case get
    /// Keys that hash to the first one's slot: others of the sample, then absent keys with its hash tag.
    case mget
    case hgetall, hmget
    case lrange
    case smembers, sismember
    /// A member by chance: asked as production asks it, and compared where there is only one.
    case srandmember
    case zrangeByRank = "zrange-by-rank"
    case zrangeByScore = "zrange-by-score"
    case xrange
    /// The time to live. A sandbox's clock stands at the cut and a live server's goes on, so stores answer with the
    /// absolute time.
    case pttl
    /// The absolute time of expiry: the same from any clock.
    case pexpiretime
    case exists, type
    /// A module's value as JSON, whole or what a path names.
    case jsonGet = "json-get"
    /// What a query finds in an index; the drawn key only says which shard is asked.
    case ftSearch = "ft-search"

    /// The kind of keys that it is asked about; nil: any.
    public var kind: RecordKind? {
      switch self {
      case .get, .mget: .string
      case .hgetall, .hmget: .hash
      case .lrange: .list
      case .smembers, .sismember, .srandmember: .set
      case .zrangeByRank, .zrangeByScore: .sortedSet
      case .xrange: .stream
      case .jsonGet: .module
      case .pttl, .pexpiretime, .exists, .type, .ftSearch: nil
      }
    }

    fileprivate var needsArgument: Bool { self == .hmget || self == .sismember || self == .ftSearch }
    fileprivate var takesArgument: Bool { needsArgument || self == .jsonGet }
  }

  func accepts(_ entry: WorkloadKeys.Entry) -> Bool {
    guard entry.namespace.hasPrefix("db") else { return false }
    if let kind = verb.kind { return entry.kind == kind }
    return entry.kind != .library && entry.kind != .row
  }

  var problems: [WorkloadProfile.Problem] {
    var problems: [WorkloadProfile.Problem] = []
    if !(1...100_000).contains(count) { problems.append(.init(field: "count", detail: "must be from 1 to 100000")) }
    if argument == nil ? verb.needsArgument : !verb.takesArgument {
      problems.append(
        .init(
          field: "argument",
          detail: verb.needsArgument ? "is needed by \(verb.rawValue)" : "means nothing to \(verb.rawValue)"))
    }
    if (verb == .ftSearch) != (index != nil) {
      problems.append(
        .init(
          field: "index",
          detail: verb == .ftSearch ? "is needed by \(verb.rawValue)" : "means nothing to \(verb.rawValue)"))
    }
    return problems
  }

  /// - Parameter companions: other keys of the same kind and slot.
  func arguments(key: [UInt8], companions: [[UInt8]], _ generator: inout SeededGenerator) -> [[UInt8]] {
    func words(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }
    switch verb {
    case .get: return words("GET") + [key]
    case .mget: return words("MGET") + [key] + companions
    case .hgetall: return words("HGETALL") + [key]
    case .hmget: return words("HMGET") + [key] + (0..<count).map { _ in Array((argument?.next(&generator) ?? "").utf8) }
    case .lrange:
      let (first, last) = ranks(&generator)
      return words("LRANGE") + [key] + words(first, last)
    case .smembers: return words("SMEMBERS") + [key]
    case .srandmember: return words("SRANDMEMBER") + [key]
    case .sismember: return words("SISMEMBER") + [key, Array((argument?.next(&generator) ?? "").utf8)]
    case .zrangeByRank:
      let (first, last) = ranks(&generator)
      return words("ZRANGE") + [key] + words(first, last, "WITHSCORES")
    case .zrangeByScore:
      var ends = ["-inf", "+inf"]
      if let scores {
        let drawn = [generator.integer(in: scores), generator.integer(in: scores)]
        ends = drawn.sorted().map(String.init)
      }
      return words("ZRANGE") + [key] + words(ends[0], ends[1], "BYSCORE", "LIMIT", "0", "\(count)", "WITHSCORES")
    case .xrange: return words("XRANGE") + [key] + words("-", "+", "COUNT", "\(count)")
    case .pttl: return words("PTTL") + [key]
    case .pexpiretime: return words("PEXPIRETIME") + [key]
    case .exists: return words("EXISTS") + [key]
    case .type: return words("TYPE") + [key]
    case .jsonGet: return words("JSON.GET") + [key] + (argument.map { [Array($0.next(&generator).utf8)] } ?? [])
    case .ftSearch:
      let query = argument?.next(&generator) ?? ""
      return words("FT.SEARCH", index ?? "", query, "LIMIT", "0", "\(count)")
    }
  }

  /// `count` ranks from a drawn start; from the end where the start is negative, and then not past it.
  private func ranks(_ generator: inout SeededGenerator) -> (first: String, last: String) {
    let first = generator.integer(in: start)
    let last = first.addingReportingOverflow(Int64(count) - 1).partialValue
    return ("\(first)", "\(first < 0 ? min(last, -1) : last)")
  }
}
