/// The stages of a drill, in the order in which they run.
public enum Stage: String, Sendable, Codable, CaseIterable, Comparable {
  case catalog
  case manifest
  case integrity
  case decode
  case restore
  case fingerprint
  case replay
  case compare
  case drift
  /// Faults are planted in copies, to see whether the checks find them.
  case selfTest = "self-test"
  case objectives

  public static func < (a: Stage, b: Stage) -> Bool { a.order < b.order }
  private var order: Int { Stage.allCases.firstIndex(of: self) ?? 0 }
}
