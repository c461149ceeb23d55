internal import DrillModel

/// Findings for differing cells: by key where keys are known, by slot elsewhere. Never a cell's digest, which could
/// expose a single record's.
struct CellFindings {
  let code: FindingCode
  let stage: Stage
  let subject: Finding.Subject

  func findings(_ diff: SlotDiff, keys: KeyDiff?) -> [Finding] {
    let named = Dictionary(grouping: keys?.differences ?? []) { Place(namespace: $0.namespace, slot: $0.slot) }
    var found: [Finding] = []
    for cell in diff.cells {
      if let keys = named[Place(namespace: cell.namespace, slot: cell.slot)] {
        found += keys.map(finding)
      } else {
        found.append(finding(cell))
      }
    }
    return found + diff.libraries.map { library($0, diff) }
  }

  private struct Place: Hashable {
    let namespace: String
    let slot: Slot
  }

  private func finding(_ cell: SlotDiff.CellDifference) -> Finding {
    var subject = subject
    subject.namespace = cell.namespace
    subject.slot = cell.slot
    let left = Wording.count(cell.left.count, "record")
    let right = Wording.count(cell.right.count, "record")
    if cell.left.count != cell.right.count {
      return Finding(code, stage: stage, subject: subject, expected: left, observed: right)
    }
    let part = cell.part == .expiry ? "expiries" : "contents"
    return Finding(
      code, stage: stage, subject: subject, expected: "\(left) with the same \(part)", observed: "\(part) differ")
  }

  private func finding(_ key: KeyDiff.Difference) -> Finding {
    var subject = subject
    subject.namespace = key.namespace
    subject.slot = key.slot
    subject.key = .clear(key.key)
    let (expected, observed) =
      switch key.kind {
      case .changed: ("the same record", "another kind, value or expiry flag")
      case .added: ("no such record", "a record")
      case .removed: ("a record", "no such record")
      case .expiryMoved: ("the same expiry", "moved by \(shift(key)) ms")
      }
    return Finding(code, stage: stage, subject: subject, expected: expected, observed: observed)
  }

  private func shift(_ key: KeyDiff.Difference) -> Int64 { (key.rightExpiry ?? 0) &- (key.leftExpiry ?? 0) }

  private func library(_ name: String, _ diff: SlotDiff) -> Finding {
    let (expected, observed) =
      if diff.librariesOnLeft.contains(name) {
        ("library \(name)", "no such library")
      } else if diff.librariesOnRight.contains(name) {
        ("no such library", "library \(name)")
      } else {
        ("the same code in library \(name)", "it differs")
      }
    return Finding(code, stage: stage, subject: subject, expected: expected, observed: observed)
  }
}
