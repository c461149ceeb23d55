/// An obligation of ``DrillModel/Engine`` or of its stores that an engine does not keep.
public struct Violation: Hashable, Sendable, CustomStringConvertible {
  public var obligation: Obligation
  /// What was seen.
  public var detail: String

  public init(_ obligation: Obligation, _ detail: String) {
    self.obligation = obligation
    self.detail = detail
  }

  public var description: String { "\(obligation.rawValue): \(detail)" }
}

/// What every engine owes, one sentence each, as the protocols of `DrillModel` say it.
public enum Obligation: String, Sendable, CaseIterable {
  case captureIsWhole = "a capture leaves one readable artifact per shard of its topology"
  case liveIsUntouched = "a capture and readings write nothing to the live cluster"
  case artifactIsCut = "an artifact holds what the live store held at the cut"
  case readingIsRepeatable = "an artifact reads the same each time"
  case everyByteIsRead = "every byte of the file is read, whatever the selection"
  case selectionIsExact = "a selection hands on the records of its slots, and no others"
  case slotIsOfKey = "the slot of a record is the slot of its key"
  case recordsAreWhole = "pieces make whole records"
  case damageIsFact = "damage is reported as facts, and ends the reading without a crash or a hang"
  case missingFileThrows = "a file that cannot be opened is an error with artifact-io"
  case sandboxHoldsArtifact = "a sandbox holds exactly the artifact's records"
  case sandboxIsIsolated = "a sandbox reaches the isolation that was asked for, and says how"
  case sandboxPhasesAreTimed = "a restore's phases are timed"
  case sandboxIsGone = "nothing of a sandbox is left, however its closure ends"
  case repliesMatchOperations = "there is one reply for each operation, in their order"
  case timeOutIsIndeterminate = "an operation that gets no time is indeterminate, neither equal nor different"
  case answersAgree = "sandbox and live store give the same answer to a question about unchanged records"
}
