import DrillModel

/// How an open loop went, in words.
enum OfferedWords {
  /// `from intended starts p50 / p99 / p99.9 1 ms / 2 ms / 3 ms, longest 4 ms`.
  static func latency(_ offered: Run.Latency.Offered) -> String {
    let times = [offered.latencyP50Us, offered.latencyP99Us, offered.latencyP999Us].map {
      Format.duration(ms: $0 / 1000)
    }
    return "from intended starts p50 / p99 / p99.9 \(times.joined(separator: " / ")), longest"
      + " \(Format.duration(ms: offered.latencyMaxUs / 1000))"
  }

  /// `asked 5,000 a second, kept 4,990, ended 2 ms behind schedule`, and what keeps the latencies from meaning anything.
  static func rate(_ offered: Run.Latency.Offered) -> String {
    var words =
      "asked \(number(offered.rateAsked)) a second, kept \(number(offered.rateAchieved)), ended"
      + " \(Format.duration(ms: offered.endedBehindMs)) behind schedule"
    if offered.unsent > 0 { words += ", \(Format.count(offered.unsent)) due and not sent for want of room" }
    if offered.isGeneratorSaturated { words += "; the generator could not keep up, so the latencies are its own" }
    return words
  }

  private static func number(_ rate: Double) -> String {
    rate < 100 ? String((rate * 10).rounded() / 10) : Format.count(UInt64(rate.rounded()))
  }
}
