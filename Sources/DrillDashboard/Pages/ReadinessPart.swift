import DrillEvidence
import DrillModel

/// What is missing before a cutover could be allowed, on a cluster's page.
struct ReadinessPart {
  struct Fact {
    let term: String
    let value: String
  }

  let headline: String
  let tone: String
  let missingLines: [String]
  let hasMissing: Bool
  let facts: [Fact]

  init(_ readiness: ClusterReadiness) {
    headline =
      readiness.isReady
      ? "Nothing that is recorded is missing: the newest backup stands for the cluster as it was last seen. The gate decides."
      : "\(Format.plural(readiness.missing.count, "thing")) missing before a cutover could be allowed."
    tone = readiness.isReady ? "quiet" : "unsure"
    missingLines = readiness.missing
    hasMissing = !missingLines.isEmpty
    var facts: [Fact] = []
    if let present = readiness.present {
      let moving = present.movesInFlight > 0 ? ", \(Format.plural(present.movesInFlight, "slot")) moving" : ""
      facts.append(
        Fact(
          term: "Cluster",
          value:
            "epoch \(present.epoch), \(Format.plural(present.shards, "shard")), \(Format.plural(present.slots, "slot"))\(moving); "
            + "seen at \(Format.time(present.seenAt)), \(present.seenIn)"))
    }
    if let newest = readiness.newest {
      facts.append(
        Fact(
          term: "Newest backup",
          value:
            "\(newest.backup), cut \(Format.time(newest.cut)), \(Format.age(ms: newest.ageSeconds * 1000)) ago, epoch \(newest.epoch)"
        ))
      facts.append(
        Fact(term: "Its last drill", value: "\(newest.run): \(newest.verdict.rawValue), level \(newest.level.rawValue)")
      )
    }
    self.facts = facts
  }
}
