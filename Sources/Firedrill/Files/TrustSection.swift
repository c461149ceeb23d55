import DrillChecks
import DrillCrypto
public import DrillModel
import Yams

/// `trust:` of a drill: whose signatures over manifests count.
public struct TrustSection: Hashable, Sendable {
  public var entries: [Entry] = []
  /// How many different keys must have signed.
  public var threshold = 1

  /// One key, and what it is trusted with; nil: without that limit.
  public struct Entry: Hashable, Sendable {
    /// Absolute path of a PEM file.
    public var path: String
    public var from: Instant?
    public var until: Instant?
    public var revoked: Instant?
    /// Some of `backup`, `evidence`, `gate`.
    public var purposes: [String]?
  }

  public init() {}

  /// Keys of which one is enough, at any time; absolute paths.
  public init(_ paths: [String]) { entries = paths.map { Entry(path: $0) } }

  init(_ file: YAMLSection, absolute: (String) -> String) throws {
    guard let node = file.node("trust") else { return }
    var keys = node
    var place = file
    if node.mapping != nil {
      place = try file.section(node, "'trust'")
      threshold = try place.integer("threshold", in: 1...64) ?? 1
      guard let own = place.node("keys") else { throw place.missing(["keys"], "'trust' needs 'keys', a list of keys") }
      keys = own
    }
    entries = try (keys.sequence.map(Array.init) ?? [keys]).map { entry in
      if let text = entry.string { return Entry(path: absolute(text)) }
      guard entry.mapping != nil else {
        throw place.refuse(entry, "an entry of 'trust' is a key's file, or {key, from, until, revoked, purpose}")
      }
      return try TrustSection.entry(try place.section(entry, "an entry of 'trust'"), absolute)
    }
    if node.mapping != nil { try place.finish() }
    let different = Set(entries.map(\.path)).count
    guard threshold <= max(different, 1) else {
      throw place.refuse("threshold", "'threshold' asks for more signers than there are keys (\(different))")
    }
  }

  private static func entry(_ section: YAMLSection, _ absolute: (String) -> String) throws -> Entry {
    func time(_ field: String) throws -> Instant? {
      guard let text = try section.text(field) else { return nil }
      guard let time = Instant(parsing: text) else {
        throw section.refuse(field, "'\(field)' is an ISO 8601 time such as 2026-01-31T04:00:00Z")
      }
      return time
    }
    let purposes = try section.texts("purpose")
    let known = TrustedKey.Purpose.allCases.map(\.rawValue)
    guard purposes.map({ !$0.isEmpty && Set($0).isSubset(of: known) }) ?? true else {
      throw section.refuse("purpose", "'purpose' is one or more of \(known.joined(separator: ", "))")
    }
    let entry = Entry(
      path: absolute(try section.requiredText("key")), from: try time("from"), until: try time("until"),
      revoked: try time("revoked"), purposes: purposes)
    if let from = entry.from, let until = entry.until, from > until {
      throw section.refuse("until", "'until' lies before 'from'")
    }
    try section.finish()
    return entry
  }

  /// Reads the keys.
  ///
  /// - Throws: `DrillError` with `key-unreadable`.
  func policy() throws -> TrustPolicy {
    TrustPolicy(
      try entries.map {
        TrustedKey(
          try KeyFile.readPublicKey($0.path), from: $0.from, until: $0.until, revoked: $0.revoked,
          purposes: $0.purposes.map { Set($0.compactMap(TrustedKey.Purpose.init)) })
      }, threshold: threshold)
  }
}
