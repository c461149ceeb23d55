import DrillModel

/// Two sides that stand at one cut: nothing changed in between.
struct SameCut: ChangeEvidence {
  func evidence(namespace: String, key: [UInt8], slot: Slot) -> ChangeFact { .unchanged }
  func evidence(library: String) -> ChangeFact { .unchanged }
}
