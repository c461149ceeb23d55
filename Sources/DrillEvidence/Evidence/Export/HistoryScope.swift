import DrillModel

extension History {
  /// What had been recorded before the end of the scope's period, of its clusters.
  func within(_ scope: EvidenceScope) -> History {
    var history = self
    func keep<Body>(_ list: inout [Recorded<Body>], _ clusters: (Body) -> [String]) {
      list = list.filter { entry in
        let concerned = clusters(entry.body)
        return entry.time < scope.to && (concerned.isEmpty || concerned.contains { scope.concerns($0) })
      }
    }
    keep(&history.started) { [$0.cluster] }
    keep(&history.runs) { [$0.cluster] }
    keep(&history.topologies) { [$0.cluster] }
    keep(&history.findingActions) { [$0.cluster] }
    keep(&history.schedules) { [$0.cluster] }
    keep(&history.skips) { [$0.cluster] }
    keep(&history.notifications) { [$0.cluster] }
    keep(&history.decisions) { $0.clusters }
    keep(&history.migrationEvents) { [$0.cluster] }
    keep(&history.exports) { $0.clusters }
    return history
  }
}
