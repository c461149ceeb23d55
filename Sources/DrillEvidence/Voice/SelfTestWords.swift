import DrillModel

extension SelfTest {
  /// `5 of 5 planted faults found`.
  var outcome: String {
    "\(caught) of \(Format.plural(planted.count, "planted fault")) found"
      + (planted.count < asked ? ", of \(asked) that the drill wants" : "")
  }

  /// What it cost.
  var cost: String { "in \(Format.duration(ms: elapsedMs)), with copies of \(Format.bytes(bytesCopied))" }

  /// Why the run's own checks are not to be relied on; nil where they are.
  var doubt: String? {
    guard !isSound else { return nil }
    let missed = planted.filter { !$0.isCaught }
    if let first = missed.first {
      return
        "\(outcome): \(first.fault) in \(first.place) was not\(missed.count > 1 ? ", nor \(Format.plural(missed.count - 1, "other"))" : "")"
    }
    return "\(outcome): in nothing that the run reached could more be planted"
  }
}

extension SelfTest.Tally {
  var doubt: String? {
    isSound ? nil : "\(caught) of \(planted) planted faults found\(planted < asked ? ", of \(asked) wanted" : "")"
  }
}
