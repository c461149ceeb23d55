import DrillEvidence
import DrillModel
import Foundation

/// Tells of a session's runs whoever the drill names. Whatever comes of it changes no verdict: it is a record of its own.
struct Notifier: Sendable {
  var targets: [NotifyTarget]
  var delivery: Delivery

  /// All targets at once; the records are in the order of the targets.
  func tell(of outcomes: [DrillOutcome]) async -> [NotificationSent] {
    await withTaskGroup(of: (Int, [NotificationSent]).self) { group in
      for (number, target) in targets.enumerated() {
        group.addTask { (number, await tell(target, of: outcomes)) }
      }
      var sent = [[NotificationSent]](repeating: [], count: targets.count)
      for await (number, records) in group { sent[number] = records }
      return sent.flatMap { $0 }
    }
  }

  private func tell(_ target: NotifyTarget, of outcomes: [DrillOutcome]) async -> [NotificationSent] {
    switch target.kind {
    case .webhook:
      var sent: [NotificationSent] = []
      for outcome in outcomes where target.verdicts.contains(outcome.run.verdict) {
        sent.append(
          await send(WebhookBody(outcome, link: target.link), about: outcome.run, to: target, "webhook", path: ""))
      }
      return sent
    case .alertmanager(let labels, let resolveAfter):
      // One alert stands for the drill: of several runs the worst counts, so that no pass resolves what another run of the same session found.
      guard let worst = outcomes.map(\.run).max(by: { $0.verdict < $1.verdict }),
        worst.verdict == .pass || target.verdicts.contains(worst.verdict)
      else { return [] }
      let alert = Alert(worst, labels: labels, resolveAfter: resolveAfter, link: target.link)
      return [await send([alert], about: worst, to: target, "alertmanager", path: Alert.path)]
    }
  }

  private func send(
    _ body: some Encodable, about run: Run, to target: NotifyTarget, _ kind: String, path: String
  ) async -> NotificationSent {
    var name = kind
    do {
      let text = try target.url.reveal()
      guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty else {
        throw DrillError(.usage, detail: "no URL")
      }
      name += " " + host + (url.port.map { ":\($0)" } ?? "")
      let headers = try target.headers.mapValues { try $0.reveal() }
      guard headers.values.allSatisfy({ $0.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value < 127 } }) else {
        throw DrillError(.usage, detail: "a header's secret is not printable ASCII")
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      let whole = text.hasSuffix("/") && !path.isEmpty ? String(text.dropLast()) + path : text + path
      let outcome = await delivery.post(Array(try encoder.encode(body)), to: whole, headers: headers)
      return NotificationSent(
        about: run.id, cluster: run.cluster, target: name, delivered: outcome.delivered, attempts: outcome.attempts,
        outcome: outcome.detail)
    } catch {
      return NotificationSent(
        about: run.id, cluster: run.cluster, target: name, delivered: false, attempts: 0,
        outcome: (error as? DrillError)?.description ?? "not sent")
    }
  }
}
