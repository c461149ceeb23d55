import DrillModel

/// An alert as Alertmanager takes it at `/api/v2/alerts`, a list of them. Source: prometheus/alertmanager api/v2/openapi.yaml, `postableAlert`.
///
/// Its labels tell it from others: those of a drill are the same whatever went wrong, so that a pass resolves it.
struct Alert: Encodable, Hashable {
  var labels: [String: String]
  var annotations: [String: String]
  var startsAt: Instant
  /// Until when it is on where nothing else is said: Alertmanager would take it back after five minutes, and a drill runs once a night.
  var endsAt: Instant
  var generatorURL: String?

  static let path = "/api/v2/alerts"

  init(_ run: Run, labels: [String: String], resolveAfter: Duration, link: String?) {
    self.labels = labels.merging(
      ["alertname": "FiredrillDrillNotPassed", "drill": run.drill, "cluster": run.cluster]
    ) { $1 }
    annotations = [
      "summary": WebhookBody.summary(of: run), "run": run.id, "verdict": run.verdict.rawValue,
      "level": run.level.rawValue,
    ]
    startsAt = run.startedAt
    endsAt =
      run.verdict == .pass
      ? run.finishedAt
      : Instant(
        millisecondsSince1970: run.finishedAt.millisecondsSince1970 + resolveAfter.components.seconds * 1000)
    generatorURL = link?.replacing("{run}", with: run.id)
  }
}
