/// One thing that is wrong with what was examined.
public struct Finding: Hashable, Sendable, Codable {
  public var code: FindingCode
  public var stage: Stage
  public var subject: Subject
  /// What should have been there, and what was; neither contains a value of the data store.
  public var expected: String
  public var observed: String

  public init(_ code: FindingCode, stage: Stage, subject: Subject = Subject(), expected: String, observed: String) {
    self.code = code
    self.stage = stage
    self.subject = subject
    self.expected = expected
    self.observed = observed
  }

  /// What a finding is about: as much as is known of it.
  public struct Subject: Hashable, Sendable, Codable, CustomStringConvertible {
    public var backup: String?
    public var shard: String?
    public var artifact: String?
    public var namespace: String?
    public var slot: Slot?
    public var key: KeyName?
    /// A byte offset into the artifact.
    public var offset: Int64?

    public init(
      backup: String? = nil, shard: String? = nil, artifact: String? = nil, namespace: String? = nil, slot: Slot? = nil,
      key: KeyName? = nil, offset: Int64? = nil
    ) {
      self.backup = backup
      self.shard = shard
      self.artifact = artifact
      self.namespace = namespace
      self.slot = slot
      self.key = key
      self.offset = offset
    }

    public var description: String {
      var parts: [String] = []
      if let backup { parts.append("backup \(backup)") }
      if let shard { parts.append("shard \(shard.count > 12 ? String(shard.prefix(12)) : shard)") }
      if let artifact { parts.append(artifact) }
      if let namespace { parts.append(namespace) }
      if let slot { parts.append("slot \(slot)") }
      if let key { parts.append(key.text) }
      if let offset { parts.append("at byte \(offset)") }
      return parts.joined(separator: ", ")
    }
  }
}
