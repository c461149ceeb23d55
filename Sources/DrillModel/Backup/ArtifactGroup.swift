/// The artifacts that are read and restored as one: nearly always a single file; else a file of a format that ends in
/// `-manifest` and the files in its folder, of the same shard, whose format ends in `-part` (an append-only log of
/// several files).
public struct ArtifactGroup: Hashable, Sendable {
  /// What stands for all; it says how the others belong together.
  public var lead: Artifact
  public var parts: [Artifact]

  public init(lead: Artifact, parts: [Artifact] = []) {
    self.lead = lead
    self.parts = parts
  }

  /// The name, shard and format of the one that stands for all.
  public var name: String { lead.name }
  public var shard: String? { lead.shard }
  public var format: String { lead.format }

  /// All files together.
  public var sizeBytes: UInt64 { parts.reduce(lead.sizeBytes) { $0 + $1.sizeBytes } }

  /// The name in the backup of the file that bears a name without folders; the lead's where there is none.
  public func name(ofPart part: String?) -> String {
    ([lead] + parts).first { $0.plainName.split(separator: "/").last.map(String.init) == part }?.name ?? lead.name
  }

  /// The data artifacts of a backup, in its order. Parts without a manifest beside them are a group of their own, led by
  /// the first.
  public static func data(of artifacts: [Artifact]) -> [ArtifactGroup] {
    var groups: [ArtifactGroup] = []
    let data = artifacts.filter { $0.role == .data }
    for artifact in data where !artifact.isPart { groups.append(ArtifactGroup(lead: artifact)) }
    for part in data where part.isPart {
      let place = groups.firstIndex {
        ($0.lead.isManifest || $0.lead.isPart) && $0.shard == part.shard && $0.lead.folder == part.folder
      }
      if let place { groups[place].parts.append(part) } else { groups.append(ArtifactGroup(lead: part)) }
    }
    return groups
  }
}

extension Artifact {
  fileprivate var isManifest: Bool { format.hasSuffix("-manifest") }
  fileprivate var isPart: Bool { format.hasSuffix("-part") }
  fileprivate var folder: Substring { name.lastIndex(of: "/").map { name[..<$0] } ?? "" }
}
