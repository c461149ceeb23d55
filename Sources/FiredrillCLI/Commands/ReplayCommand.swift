import ArgumentParser
import DrillModel
import Firedrill

struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract:
      "Ask a running store a workload's questions and say how fast it answers. Reads only. Exit 0 all answered, 2 not.",
    discussion: """
      The keys come from a sample of the store's own. Two stores that answer equally print the same digest of answers for the same workload and seed, where they hold the
      same keys. With --rate operations start when the schedule says so, whether earlier ones are answered or not, and latency counts from there.

      Like every read of a live store it is paced: it slows down when the store does. --full-speed takes that away: that is load, and not for production.

      EXAMPLE
        firedrill replay workloads/read-mostly.yaml --at redis+unix:///run/redis.sock
        firedrill replay workloads/read-mostly.yaml --at redis://127.0.0.1:7001 --full-speed --rate 20000 --duration 30s --json
      """)

  @Argument(help: "The workload file.", completion: .file()) var workload: String

  @Option(
    name: .long, help: "The store: redis://host:port or redis+unix:///path, with ?cluster=true for all shards.")
  var at: String

  @Option(name: .long, help: "Operations, instead of the workload's.") var operations: Int?
  @Option(name: .long, help: "Clients, instead of the workload's.") var connections: Int?
  @Option(name: .long, help: "Operations that a client sends together, instead of the workload's.")
  var pipelining: Int?
  @Option(name: .long, help: "Operations a second: an open loop.") var rate: Double?
  @Option(name: .long, help: "How long to go on at that rate, such as 30s, instead of a number of operations.")
  var duration: String?
  @Option(name: .long, help: "Fixes keys, operations and their intended starts.") var seed: UInt64 = 1
  @Flag(name: .long, help: "Hold nothing back: load, not for production.") var fullSpeed = false
  @OptionGroup var common: CommonOptions

  func run() async throws {
    let events = common.progress.handler
    let request = ReplayRequest(
      workload: workload, store: at, operations: operations, connections: connections, pipelining: pipelining,
      rate: rate, duration: try duration.map(Firedrill.duration), seed: seed, isAtFullSpeed: fullSpeed)
    let report = try await interruptible { try await Firedrill.replay(request, events: events) }
    if common.json { try Terminal.sayJSON(report) } else { Terminal.say(report.text) }
    if !report.isComplete || report.isGeneratorSaturated { throw CommandOutcome(status: .inconclusive) }
  }
}
