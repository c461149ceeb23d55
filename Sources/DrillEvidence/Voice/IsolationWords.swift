import DrillModel

extension IsolationProof {
  /// `8 of 9 trials held; not-tried: live-endpoint`; what does not apply is not counted.
  var summary: String {
    let applying = trials.filter { $0.outcome != .notApplicable }
    let held = with(.held).count
    var parts = ["\(held) of \(Format.plural(applying.count, "trial")) held"]
    for outcome in [IsolationTrial.Outcome.failed, .notTried] {
      let names = with(outcome).map(\.kind.rawValue)
      if !names.isEmpty {
        parts.append("\(outcome == .failed ? "did not hold" : "not tried"): \(names.joined(separator: ", "))")
      }
    }
    return parts.joined(separator: "; ")
  }
}
