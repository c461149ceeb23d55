import DrillChecks
import DrillModel
import Foundation

@testable import Firedrill

/// Faults in the links of a chain.
enum ChainMutations {
  static let rows = [
    MutationRow(
      check: .chain, fault: "a link that was sealed again", found: [.chainSwapped],
      plant: { bench in
        guard let chain = CapturedChain.current else { preconditionFailure("the suite needs the trait .capturedChain") }
        try bench.about(chain.links[2]).reseal { $0.rationale = "another one" }
        return ComposedDrill(bench: bench, drill: .init(level: .restored))
      }),
    MutationRow(
      check: .increments, fault: "a change of a row that is not as it was", found: [.incrementConflict],
      plant: { bench in
        guard let chain = CapturedChain.current else { preconditionFailure("the suite needs the trait .capturedChain") }
        _ = try bench.forge(1, of: chain, deletedLater: true)
        return ComposedDrill(bench: bench, drill: .init(level: .restored))
      }),
  ]
}
