public import DrillModel

/// What came of a replay at a store: how fast it answered, and a digest of what.
public struct ReplayReport: Hashable, Sendable, Codable {
  public var workload: String
  public var seed: UInt64
  /// Operations that were asked, those whose reply could not be judged, and those that were not asked.
  public var operations: UInt64
  public var indeterminate: UInt64
  public var unasked: UInt64
  public var elapsedMs: Double
  /// Operations that were answered, a second.
  public var ratePerSecond: Double
  /// Nil where nothing was answered.
  public var latency: Run.Latency?
  /// SHA-256 over the operations and over the answers' digests, in their order: equal for two stores that answer
  /// equally. Nil where an answer is missing.
  public var operationsDigest: Digest
  public var answersDigest: Digest?
  /// What a person should know of how it went.
  public var notes: [String]

  public var isComplete: Bool { indeterminate == 0 && unasked == 0 }
  public var isGeneratorSaturated: Bool { latency?.offered?.isGeneratorSaturated ?? false }

  /// For a terminal.
  public var text: String {
    func time(_ us: Double) -> String {
      us < 1000 ? "\(Int(us.rounded())) µs" : us < 1e6 ? "\(tenths(us / 1000)) ms" : "\(tenths(us / 1e6)) s"
    }
    func row(_ values: Double...) -> String { values.map(time).joined(separator: " / ") }
    var lines = ["\(operations) operations in \(tenths(elapsedMs / 1000)) s: \(Int(ratePerSecond)) a second"]
    if indeterminate > 0 { lines.append("\(indeterminate) without an answer that could be judged") }
    if unasked > 0 { lines.append("\(unasked) not asked") }
    if let latency {
      lines.append(
        "service time p50 / p99 / p99.9 / longest: "
          + row(latency.latencyP50Us, latency.latencyP99Us, latency.latencyP999Us, latency.latencyMaxUs))
      if let offered = latency.offered {
        lines.append(
          "from intended starts:                     "
            + row(offered.latencyP50Us, offered.latencyP99Us, offered.latencyP999Us, offered.latencyMaxUs))
        lines.append(
          "rate: asked \(Int(offered.rateAsked)) a second, kept \(Int(offered.rateAchieved)); ended \(time(offered.endedBehindMs * 1000)) behind schedule"
        )
        if offered.unsent > 0 {
          lines.append("\(offered.unsent) due and not sent: all clients had as many outstanding as they may")
        }
        if offered.isGeneratorSaturated {
          lines.append("this machine could not send at that rate: the latencies from intended starts are its own")
        }
      }
    }
    if let answersDigest { lines.append("answers \(answersDigest)") }
    return (lines + notes).joined(separator: "\n")
  }

  private func tenths(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  private enum CodingKeys: String, CodingKey {
    case workload, seed, operations, indeterminate, unasked, latency, notes
    case elapsedMs = "elapsed_ms"
    case ratePerSecond = "rate_per_second"
    case operationsDigest = "operations_digest"
    case answersDigest = "answers_digest"
  }
}
