public import DrillModel
import Foundation

/// Files that another tool made, to be given a signed manifest.
public struct SealRequest: Sendable {
  /// Files and folders.
  public var paths: [String]
  public var cluster: String
  /// The catalog's folder; nil with ``inPlace``.
  public var catalog: String?
  /// Path of the private key.
  public var key: String
  /// Seal the one folder where it lies, instead of copying its artifacts into a catalog.
  public var inPlace = false
  /// `NAME=PATH` each.
  public var shards: [String] = []
  /// `NAME=RANGES` each.
  public var slots: [String] = []
  /// Path of a topology file.
  public var topology: String?
  /// Several stores of which each holds whatever it holds.
  public var hasNoSlotMap = false
  /// The backup, an id or `latest`, since which only what is new is sealed; nil: a full backup.
  public var on: String?
  /// Paths of public keys that may have signed that backup, beside ``key``'s.
  public var trust: [String] = []
  /// When the backup was begun, where the files do not tell.
  public var cut: String?
  /// What the bytes should be.
  public var digests: DigestsSource?
  public var retention: String?
  public var rationale: String?
  public var showsKeys = false
  /// Filters that the files are encoded with, innermost first.
  public var encodings: [String] = []
  /// What opens them, to be looked into; nil: no key.
  public var keys: KeySection?

  public init(paths: [String], cluster: String, catalog: String?, key: String) {
    self.paths = paths
    self.cluster = cluster
    self.catalog = catalog
    self.key = key
  }
}

/// Where a list of digests, its signature and the signer's key are.
public struct DigestsSource: Hashable, Sendable {
  public var list: String
  public var signature: String?
  public var key: String?

  /// - Throws: `DrillError` with `usage`: a signature without a key says nothing, nor does a key without a signature.
  public init(list: String, signature: String?, key: String?) throws {
    guard (signature == nil) == (key == nil) else {
      throw DrillError(
        .usage, subject: signature ?? key ?? "",
        detail: "a signature below digests needs the public key of its signer, and the key needs the signature")
    }
    self.list = list
    self.signature = signature
    self.key = key
  }
}

/// What came of sealing.
public enum SealResult: Sendable {
  /// - Parameter folder: where the backup lies now.
  case sealed(SealedManifest, folder: String)
  /// Something is wrong with the files: nothing was sealed.
  case refused([Finding])
}
