public import DrillCrypto
public import DrillModel

/// Whose signatures over manifests count: which keys, from when until when, for what, and how many it takes.
public struct TrustPolicy: Hashable, Sendable {
  public var keys: [TrustedKey]
  /// Different keys that must have signed; 1 or more. A key counts once, however often it signed.
  public var threshold: Int

  public init(_ keys: [TrustedKey], threshold: Int = 1) {
    self.keys = keys
    self.threshold = threshold
  }

  /// Keys of which one is enough, at any time and for anything.
  public init(_ keys: [PublicKey]) { self.init(keys.map { TrustedKey($0) }) }

  /// The same, with one more key of that kind.
  public func adding(_ key: PublicKey) -> TrustPolicy { TrustPolicy(keys + [TrustedKey(key)], threshold: threshold) }

  public var publicKeys: [PublicKey] { keys.map(\.key) }
}

/// A public key, and what it is trusted with.
public struct TrustedKey: Hashable, Sendable {
  public var key: PublicKey
  /// Cuts from this time on; nil: any before ``until``.
  public var from: Instant?
  /// Cuts up to this time; nil: any after ``from``.
  public var until: Instant?
  /// Since when it is revoked; nil: it is not. Whoever has a revoked key can state any cut, so that nothing that it signed counts, of whatever time.
  public var revoked: Instant?
  /// What it may sign; nil: anything.
  public var purposes: Set<Purpose>?

  /// What keys sign.
  public enum Purpose: String, Sendable, CaseIterable { case backup, evidence, gate }

  public init(
    _ key: PublicKey, from: Instant? = nil, until: Instant? = nil, revoked: Instant? = nil,
    purposes: Set<Purpose>? = nil
  ) {
    self.key = key
    self.from = from
    self.until = until
    self.revoked = revoked
    self.purposes = purposes
  }

  /// Whether it may sign backups.
  var sealsBackups: Bool { purposes?.contains(.backup) ?? true }

  /// Whether it may sign a backup of this cut.
  func isValid(at cut: Instant) -> Bool { from.map { $0 <= cut } ?? true && until.map { cut <= $0 } ?? true }

  /// Its validity, for people.
  var window: String {
    switch (from, until) {
    case (nil, nil): "any time"
    case (let from?, nil): "\(from) or later"
    case (nil, let until?): "\(until) or earlier"
    case (let from?, let until?): "\(from) to \(until)"
    }
  }
}
