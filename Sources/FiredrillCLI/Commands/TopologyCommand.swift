import ArgumentParser
import DrillEvidence
import DrillModel
import Firedrill

struct TopologyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "topology", abstract: "Which shard owns which slots, when it did, and whether that can be.",
    subcommands: [Discover.self, Show.self, Check.self, Diff.self])

  func run() async throws { throw CommandOutcome(helpFor: Self.self) }

  struct Discover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "discover", abstract: "Read a live cluster's topology, record it, and say what changed.",
      discussion: """
        Asks every node, and writes nothing to any. Recorded is what differs from the last look, moves in flight included; a topology that comes back is
        recorded again. For SQLite the cluster file says what the shards own. What is wrong with it is told; to judge it is the business of `topology check`.
        Exit 2 where a node that owns slots could not be asked: then nothing is recorded.

        EXAMPLE
          firedrill topology discover shop.yaml
        """)

    @Argument(help: "The cluster file.", completion: .file()) var cluster: String
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let found = try await interruptible {
        try await Firedrill.discoverTopology(cluster: cluster, ledger: ledger.path)
      }
      if common.json {
        try Terminal.sayJSON(found)
      } else if !common.quiet {
        Terminal.say(TopologyText(found.topology).text(Terminal.style))
        if let changes = found.changes, let last = found.lastSeen {
          Terminal.say(TopologyDiffText(changes).text("since \(last)", Terminal.style))
        } else {
          Terminal.say("seen for the first time")
        }
        if !found.findings.isEmpty { Terminal.say(FindingsText.listed(found.findings)) }
      }
      for node in found.notAsked {
        Terminal.complain("node \(node.node) at \(node.endpoint) could not be asked: \(node.problem ?? "")")
      }
      if !found.isWhole {
        Terminal.complain("a node that owns slots could not be asked: nothing was recorded")
        throw CommandOutcome(status: .inconclusive)
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show",
      abstract: "Show a cluster's topology as it was recorded: the last, or that of a time or epoch.",
      discussion: """
        A topology that a backup states was in force at the backup's cut, whenever it was drilled.

        EXAMPLE
          firedrill topology show --cluster shop
          firedrill topology show --cluster shop --at 2026-01-31T04:00:00Z
          firedrill topology show --cluster shop --epoch 7 --json
        """)

    @Option(name: .long, help: "The cluster's name.") var cluster: String
    @Option(name: .long, help: "In force at this time: 2026-01-31T04:00:00Z, or how long ago, 2h.") var at: String?
    @Option(name: .long, help: "The last one of this epoch.") var epoch: UInt64?
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
      if at != nil, epoch != nil { throw ValidationError("Name a time or an epoch, not both.") }
    }

    func run() async throws {
      let found = try Firedrill.topology(
        cluster: cluster, at: try at.map { try Firedrill.time($0) }, epoch: epoch, ledger: ledger.path)
      if common.json { try Terminal.sayJSON(found) } else { Terminal.say(TopologyText(found).text(Terminal.style)) }
    }
  }

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Judge a topology: every slot in one shard, moves on both sides, no node that lags.",
      discussion: """
        Of a live cluster every node is asked; what they disagree on is asked once more a second later, and only what is still wrong is found. A file is a topology
        file, or what CLUSTER NODES printed: of those, only what they state can be judged. Exit 1 with findings, 2 where a node could not be asked or where slots
        say nothing.

        EXAMPLE
          firedrill topology check shop.yaml
          firedrill topology check planned-topology.yaml
        """)

    @Argument(help: "A cluster file, or a file with a topology.", completion: .file()) var subject: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let verdict = try await interruptible { try await Firedrill.checkTopology(subject) }
      if common.json {
        try Terminal.sayJSON(verdict)
      } else if !common.quiet || verdict.verdict != .pass {
        Terminal.say(verdict.text)
      }
      if verdict.verdict != .pass { throw CommandOutcome(status: ExitStatus(verdict.verdict)) }
    }
  }

  struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "diff",
      abstract: "Say what differs between two topologies: owners of slots, shards, moves in flight.",
      discussion: """
        A topology is epoch:7, a time (2026-01-31T04:00:00Z, or 2h for two hours ago), a topology file, or live:CLUSTER.yaml. Exit 1 where they differ, apart from
        the number of their epochs.

        EXAMPLE
          firedrill topology diff epoch:7 epoch:9 --cluster shop
          firedrill topology diff 2h live:shop.yaml --cluster shop
        """)

    @Argument(help: "The first topology.") var a: String
    @Argument(help: "The second one.") var b: String
    @Option(name: .long, help: "The cluster whose epochs and times are meant.") var cluster: String?
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let diff = try await interruptible {
        try await Firedrill.diffTopologies(a, b, cluster: cluster, ledger: ledger.path)
      }
      if common.json {
        try Terminal.sayJSON(diff)
      } else if !common.quiet {
        Terminal.say(TopologyDiffText(diff).text("from \(a) to \(b)", Terminal.style))
      }
      if !diff.isEmpty { throw CommandOutcome(status: .fail) }
    }
  }
}
