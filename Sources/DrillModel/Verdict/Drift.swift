/// A difference between sandbox and reference, at one key.
public struct Drift: Hashable, Sendable, Codable {
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// On both sides, with different content.
    case changed
    /// Only the reference holds it.
    case added
    /// Only the restored backup holds it.
    case removed
    /// Equal content, different expiry.
    case expiryMoved = "expiry-moved"
  }

  public enum Attribution: String, Sendable, Codable, CaseIterable {
    case explained, ambiguous, unexplained
  }

  /// Why a difference counts as it does; each could be refuted by evidence.
  public enum Cause: String, Sendable, Codable, CaseIterable {
    /// A change log that reaches from the cut to the reference names the key.
    case changedAfterCut = "changed after the cut, says the change log"
    /// The same, and the changes that were recorded, made on what was restored, lead to what the reference holds.
    case rolledForward = "the recorded changes, made on what was restored, lead to it"
    /// The row's own version lies past the cut's.
    case versionAfterCut = "the row's version is past the cut"
    /// The restored record's expiry lies between the cut and the reference.
    case expiredSinceCut = "expired since the cut"
    /// Its slot moved in the window, and its expiry by no more than a move may shift it.
    case movedWithSlot = "its slot moved, which shifted its expiry within the bound"
    /// No change log reaches over the window.
    case noChangeLog = "no change log covers the window"
    /// A deletion where the store keeps no tombstones.
    case deletionUnversioned = "a deletion carries no version"
    /// The change log covers the window and does not name the key.
    case notInChangeLog = "the change log does not name it"
    /// The recorded changes, made on what was restored, lead to something else.
    case differsRolledForward = "it differs even after the recorded changes were made on what was restored"
    /// The row's own version is not past the cut's, and yet it differs.
    case versionBeforeCut = "the row's version is not past the cut"
  }

  public var kind: Kind
  public var attribution: Attribution
  public var cause: Cause
  public var namespace: String
  public var slot: Slot
  public var key: KeyName

  public init(kind: Kind, attribution: Attribution, cause: Cause, namespace: String, slot: Slot, key: KeyName) {
    self.kind = kind
    self.attribution = attribution
    self.cause = cause
    self.namespace = namespace
    self.slot = slot
    self.key = key
  }
}
