import DrillEvidence
import DrillModel
import Foundation
import Synchronization
import Testing

@testable import Firedrill

@Suite("Who is told of a run")
struct NotifierTests {
  private static func run(_ verdict: Verdict, id: String = "nightly-1") -> Run {
    let start = Instant(millisecondsSince1970: 1_767_225_600_000)
    var run = Run(
      id: id, drill: "nightly", cluster: "shop", engine: "redis", files: [:], seed: 1, startedAt: start,
      finishedAt: Instant(millisecondsSince1970: start.millisecondsSince1970 + 20_000), tool: "", host: "",
      requiredLevel: .bytes)
    run.levels = [.init(.bytes, evidence: "read")]
    run.coverage =
      (try? Coverage(.bytes, declared: 1, examined: 1)).map { [.init(.integrity, of: "artifacts", $0)] } ?? []
    switch verdict {
    case .pass: break
    case .inconclusive:
      run.obstacles = [.init(DrillError(.serverMissing, subject: "s", detail: "secret-detail"), stage: .restore)]
    case .fail:
      for number in 0..<2 {
        run.findings.append(
          Finding(
            .answerDiffers, stage: .compare,
            subject: .init(
              backup: "b", namespace: "ns", slot: Slot(1), key: .clear(Array("secret-key-\(number)".utf8))),
            expected: "secret-expected", observed: "secret-observed"))
      }
    }
    return run
  }

  private func outcome(_ verdict: Verdict, id: String = "nightly-1") -> DrillOutcome {
    DrillOutcome(run: Self.run(verdict, id: id), ledger: "", recordingProblem: nil)
  }

  private func webhook(_ url: String, _ verdicts: Set<Verdict> = [.fail, .inconclusive]) -> NotifyTarget {
    NotifyTarget(
      kind: .webhook, url: .plain(url), verdicts: verdicts, headers: ["X-Team": .plain("storage")],
      link: "https://drills.example/runs/{run}")
  }

  /// Tells without ever sleeping; the pauses that it would have made are returned too.
  private func tell(
    _ targets: [NotifyTarget], of outcomes: [DrillOutcome], timeout: Duration = .seconds(10)
  ) async -> (sent: [NotificationSent], pauses: [Duration]) {
    let pauses = Mutex<[Duration]>([])
    let sent = await Delivery.with { delivery in
      var delivery = delivery
      delivery.attemptTimeout = timeout
      delivery.sleep = { duration in pauses.withLock { $0.append(duration) } }
      return await Notifier(targets: targets, delivery: delivery).tell(of: outcomes)
    }
    return (sent, pauses.withLock { $0 })
  }

  @Test("a webhook gets counts and codes as JSON, and neither a key nor a value")
  func body() async throws {
    try await ScriptedHTTPServer.with([.status(204)]) { server in
      let (sent, pauses) = await tell([webhook(server.url + "/hooks/s3cret?t=1")], of: [outcome(.fail)])
      #expect(
        sent == [
          NotificationSent(
            about: "nightly-1", cluster: "shop", target: "webhook 127.0.0.1:\(server.port)", delivered: true,
            attempts: 1, outcome: "204")
        ])
      #expect(pauses.isEmpty)
      let request = try #require(server.requests.first)
      #expect(request.line == "POST /hooks/s3cret?t=1 HTTP/1.1")
      #expect(request.headers["content-type"] == "application/json" && request.headers["x-team"] == "storage")
      let text = String(decoding: request.body, as: UTF8.self)
      #expect(!text.contains("secret-"))
      #expect(
        text
          == #"{"backups":[],"cluster":"shop","drill":"nightly","engine":"redis","findings":[{"code":"answer-differs","count":2,"severity":"critical","stage":"compare"}],"finishedAt":"2026-01-01T00:00:20.000Z","level":"bytes","link":"https://drills.example/runs/nightly-1","obstacles":[],"recorded":true,"requiredLevel":"bytes","restoreMs":0,"run":"nightly-1","startedAt":"2026-01-01T00:00:00.000Z","summary":"drill nightly of cluster shop: fail at level bytes: answer-differs","verdict":"fail","version":1}"#
      )
    }
  }

  @Test("only the verdicts that are asked for are told")
  func verdicts() async throws {
    try await ScriptedHTTPServer.with([.status(200)]) { server in
      let outcomes = [outcome(.pass, id: "a"), outcome(.inconclusive, id: "b"), outcome(.fail, id: "c")]
      #expect(await tell([webhook(server.url)], of: outcomes).sent.map(\.about) == ["b", "c"])
      #expect(await tell([webhook(server.url, [.pass])], of: outcomes).sent.map(\.about) == ["a"])
      #expect(server.requests.count == 3)
      #expect(!server.requests.contains { String(decoding: $0.body, as: UTF8.self).contains("secret-") })
    }
  }

  @Test("a server that fails twice is asked a third time, after pauses that grow")
  func failsTwice() async throws {
    try await ScriptedHTTPServer.with([.status(503), .hangUp, .status(200)]) { server in
      let (sent, pauses) = await tell([webhook(server.url)], of: [outcome(.fail)])
      #expect(sent.map(\.delivered) == [true] && sent.map(\.attempts) == [3])
      #expect(pauses == [.seconds(1), .seconds(4)])
      #expect(server.requests.count == 3)
    }
  }

  @Test("a server that never answers is given up after four attempts")
  func silent() async throws {
    try await ScriptedHTTPServer.with([.silence]) { server in
      let (sent, pauses) = await tell([webhook(server.url)], of: [outcome(.fail)], timeout: .milliseconds(50))
      #expect(sent.map(\.delivered) == [false] && sent.map(\.attempts) == [4])
      #expect(pauses.count == 3)
    }
  }

  @Test(
    "a server that refuses is not asked again, and a redirect is not followed", arguments: [401, 404, 302, 307, 308])
  func refuses(status: Int) async throws {
    try await ScriptedHTTPServer.with([.status(200)]) { other in
      try await ScriptedHTTPServer.with([.status(status, headers: ["Location": other.url])]) { server in
        let (sent, _) = await tell([webhook(server.url)], of: [outcome(.fail)])
        #expect(sent.map(\.delivered) == [false] && sent.map(\.attempts) == [1])
        #expect(sent.first?.outcome.hasPrefix("\(status)") == true)
        #expect(other.requests.isEmpty)
      }
    }
  }

  @Test("where nobody listens, it is tried again, and then said")
  func nobody() async throws {
    let url = try await ScriptedHTTPServer.with([.hangUp]) { $0.url }
    let (sent, pauses) = await tell([webhook(url)], of: [outcome(.fail)])
    #expect(sent.map(\.delivered) == [false] && sent.map(\.attempts) == [4] && pauses.count == 3)
  }

  @Test("what one target does is nothing to another")
  func independent() async throws {
    try await ScriptedHTTPServer.with([.status(200)]) { good in
      try await ScriptedHTTPServer.with([.status(500)]) { bad in
        let (sent, _) = await tell([webhook(bad.url), webhook(good.url)], of: [outcome(.fail)])
        #expect(sent.map(\.delivered) == [false, true])
      }
    }
  }

  @Test("a secret comes from a file or the environment, and where it is missing nothing is sent")
  func secrets() async throws {
    try await TemporaryFolder.with { folder in
      try Data("Bearer from-a-file\nnot this\n".utf8).write(to: URL(fileURLWithPath: folder + "/token"))
      try await ScriptedHTTPServer.with([.status(200)]) { server in
        var target = webhook(server.url)
        target.headers = ["Authorization": .file(folder + "/token")]
        #expect(await tell([target], of: [outcome(.fail)]).sent.map(\.delivered) == [true])
        #expect(server.requests.first?.headers["authorization"] == "Bearer from-a-file")
        target.headers = ["Authorization": .environment("FIREDRILL_TEST_NO_SUCH_VARIABLE")]
        let sent = await tell([target], of: [outcome(.fail)]).sent
        #expect(sent.map(\.delivered) == [false] && sent.map(\.attempts) == [0])
        #expect(server.requests.count == 1)
      }
    }
  }

  @Test("Alertmanager gets one alert for a drill, with the same labels whatever went wrong, and a pass ends it")
  func alertmanager() async throws {
    try await ScriptedHTTPServer.with([.status(200)]) { server in
      let target = NotifyTarget(
        kind: .alertmanager(labels: ["severity": "page", "drill": "mine"], resolveAfter: .seconds(3600)),
        url: .plain(server.url + "/"), verdicts: [.fail], headers: [:], link: "https://drills.example/{run}")
      let (sent, _) = await tell([target], of: [outcome(.fail, id: "a"), outcome(.pass, id: "b")])
      #expect(sent.map(\.about) == ["a"] && sent.map(\.target) == ["alertmanager 127.0.0.1:\(server.port)"])
      #expect(await tell([target], of: [outcome(.pass, id: "c")]).sent.map(\.about) == ["c"])
      #expect(await tell([target], of: [outcome(.inconclusive)]).sent == [])
      #expect(server.requests.map(\.line) == Array(repeating: "POST /api/v2/alerts HTTP/1.1", count: 2))
      let alerts = try server.requests.map { request in
        let list = try #require(try request.json() as? [[String: Any]])
        #expect(list.count == 1)
        return try #require(list.first)
      }
      let labels = ["alertname": "FiredrillDrillNotPassed", "drill": "nightly", "cluster": "shop", "severity": "page"]
      #expect(alerts.allSatisfy { $0["labels"] as? [String: String] == labels })
      #expect(alerts.map { $0["startsAt"] as? String } == Array(repeating: "2026-01-01T00:00:00.000Z", count: 2))
      #expect(alerts.map { $0["endsAt"] as? String } == ["2026-01-01T01:00:20.000Z", "2026-01-01T00:00:20.000Z"])
      #expect(alerts.map { $0["generatorURL"] as? String } == ["https://drills.example/a", "https://drills.example/c"])
      let annotations = try #require(alerts[0]["annotations"] as? [String: String])
      #expect(annotations["summary"] == "drill nightly of cluster shop: fail at level bytes: answer-differs")
    }
  }
}

@Suite("A drill file's notify", .capturedShop)
struct NotifySectionTests {
  @Test("is read with all its fields")
  func read() async throws {
    try await CapturedShop.withBench { bench in
      let path = try bench.write(
        .init(more: [
          "notify:",
          "  - {webhook: 'https://hooks.example.org/x', on: [pass, fail], headers: {X-Team: a, Authorization: {env: T}}}",
          "  - {webhook: {file: hook.url}, link: 'https://d.example/{run}'}",
          "  - {alertmanager: 'http://127.0.0.1:9093', labels: {severity: page}, resolve_after: 30h}",
        ]))
      let targets = try DrillFile.read(path: path).notify
      #expect(
        targets.map(\.url) == [
          .plain("https://hooks.example.org/x"), .file(bench.folder + "/hook.url"), .plain("http://127.0.0.1:9093"),
        ])
      #expect(targets.map(\.verdicts) == [[.pass, .fail], [.inconclusive, .fail], [.inconclusive, .fail]])
      #expect(targets[0].headers == ["X-Team": .plain("a"), "Authorization": .environment("T")])
      #expect(targets[2].kind == .alertmanager(labels: ["severity": "page"], resolveAfter: .seconds(108_000)))
    }
  }

  @Test(
    "is refused where it is not of its form, or would keep a secret in the ledger",
    arguments: [
      ("{}", "webhook"), ("{webhook: 'https://a', alertmanager: 'http://b'}", "webhook"),
      ("{webhook: 'ftp://a'}", "URL"),
      ("{webhook: 'https://me:pw@a'}", "password"),
      ("{webhook: 'https://a', headers: {Authorization: 'Bearer x'}}", "secret"),
      ("{webhook: 'https://a', headers: {X-Api-Key: x}}", "secret"),
      ("{webhook: 'https://a', headers: {'a b': x}}", "header"),
      ("{webhook: 'https://a', on: [red]}", "on"), ("{alertmanager: 'http://a', on: [pass]}", "resolves"),
      ("{alertmanager: 'http://a', labels: {drill: x}}", "label"), ("{webhook: {env: A, file: b}}", "env"),
      ("{webhook: 'https://a', labels: {a: b}}", "labels"), ("{webhok: 'https://a'}", "webhook"),
    ])
  func refused(entry: String, word: String) async throws {
    try await CapturedShop.withBench { bench in
      let path = try bench.write(.init(more: ["notify: [\(entry)]"]))
      let error = #expect(throws: DrillError.self) { try DrillFile.read(path: path) }
      #expect(error?.code == .badFile && error?.detail.contains(word) == true, "\(String(describing: error))")
      #expect(error?.subject.hasPrefix("drill.yaml:9:") == true)
    }
  }

  @Test("tells, is recorded, and changes neither verdict nor status where it cannot tell")
  func endToEnd() async throws {
    try await CapturedShop.withBench { bench in
      try await ScriptedHTTPServer.with([.status(200)]) { good in
        try await ScriptedHTTPServer.with([.status(403)]) { bad in
          let path = try bench.write(
            .init(more: [
              "notify: [{webhook: '\(bad.url)', on: [pass]}, {webhook: {env: HOOK}, on: pass}, {webhook: '\(good.url)'}]"
            ]))
          let result = try FiredrillProgram.run(
            ["run", path], in: bench.folder, environment: ["HOOK": good.url + "/a"])
          #expect(result.status == 0, "\(result)")
          #expect(result.errors.contains("webhook 127.0.0.1:\(bad.port): could NOT be told"), "\(result.errors)")
          let history = try Ledger.open(at: bench.ledger, mode: .readOnly).history()
          #expect(history.notifications.map(\.body.delivered) == [false, true])
          #expect(history.notifications.map(\.body.about) == Array(repeating: history.runs[0].body.run, count: 2))
          #expect(good.requests.map(\.line) == ["POST /a HTTP/1.1"])
          #expect(history.runs.map(\.body.verdict) == [.pass])
        }
      }
    }
  }
}
