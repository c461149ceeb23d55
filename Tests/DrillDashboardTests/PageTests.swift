import DrillEvidence
import DrillModel
import Foundation
import HTTPTypes
import Testing

@testable import DrillDashboard

@Suite("The dashboard's pages and API")
struct PageTests {
  private func fill(_ bench: DashboardBench) throws {
    try bench.record("good-1", day: 3)
    try bench.record("good-2", day: 4.5)
    try bench.record("bad-1", cluster: "bank", day: 4) {
      $0.findings = [DashboardBench.finding(.redacted("key:0011223344556677"))]
      $0.levels = Array($0.levels.prefix(3))
      $0.governance = Governance(owner: "storage", escalation: ["on-call"], deadlines: [.critical: 3600])
    }
  }

  @Test("every page and every resource answers, and says what it is about")
  func everyPath() async throws {
    try await DashboardBench.with { bench in
      try fill(bench)
      let id = try #require(try bench.ledger.history().runs.last?.body.subjects?.first?.id)
      let responder = try await bench.responder()
      let expected: [(String, String, String)] = [
        ("/", "text/html; charset=utf-8", "bank"), ("/clusters/shop", "text/html; charset=utf-8", "good-2"),
        ("/clusters/shop?days=7", "text/html; charset=utf-8", "<strong>7 days</strong>"),
        ("/clusters/shop", "text/html; charset=utf-8", "Before a cutover"),
        ("/clusters/shop/runs", "text/html; charset=utf-8", "good-1"),
        ("/runs/good-1", "text/html; charset=utf-8", "badge good"),
        ("/runs/bad-1", "text/html; charset=utf-8", "badge bad"),
        ("/findings", "text/html; charset=utf-8", "OVERDUE, was due"),
        ("/findings/\(id)", "text/html; charset=utf-8", "key:0011223344556677"),
        ("/healthz", "text/plain; charset=utf-8", "ok\n"),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8", "firedrill_runs_total"),
      ]
      for (path, type, text) in expected {
        let answer = responder.get(path)
        #expect(answer.status == .ok, "\(path)")
        #expect(answer.contentType == type)
        #expect(answer.body.contains(text), "\(path) does not say \(text)")
      }
      let resources: [(String, String)] = [
        ("/api/v1", "resources"), ("/api/v1/clusters", "clusters"), ("/api/v1/clusters/shop", "standing"),
        ("/api/v1/clusters/shop/report", "headline"), ("/api/v1/clusters/shop/runs", "runs"),
        ("/api/v1/clusters/shop/missed", "missed"), ("/api/v1/runs/bad-1", "findings"),
        ("/api/v1/findings", "findings"),
        ("/api/v1/findings?state=all&cluster=shop", "count"), ("/api/v1/findings/\(id)", "isOverdue"),
      ]
      for (path, key) in resources {
        let answer = responder.get(path)
        #expect(answer.status == .ok && answer.contentType == "application/json; charset=utf-8", "\(path)")
        let object = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        #expect(object?[key] != nil, "\(path) has no \(key)")
      }
    }
  }

  @Test("a migration has its page, which the overview and its cluster lead to while it is open")
  func migration() async throws {
    try await DashboardBench.with { bench in
      try fill(bench)
      func publish(_ stage: MigrationStage) throws {
        _ = try bench.ledger.publish(
          [
            MigrationPublication(
              id: stage.rawValue, cluster: "shop", migration: "reshard-7", stage: stage, at: DashboardBench.start,
              moves: [.init(slots: SlotSet(0...99), source: "s1", target: "s2")])
          ], at: DashboardBench.now)
      }
      try publish(.planned)
      let path = "/clusters/shop/migrations/reshard-7"
      let responder = try await bench.responder()
      for place in ["/", "/clusters/shop"] {
        #expect(responder.get(place).body.contains("<a href=\"\(path)\">"), "\(place)")
      }
      let page = responder.get(path).body
      for words in [
        "PLANNED", "0 of 100", "<svg class=\"chart broad\"", "No drill has passed", "href=\"/clusters/shop\"",
      ] {
        #expect(page.contains(words), "\(words)")
      }
      for absent in ["/clusters/shop/migrations/other", "/clusters/nope/migrations/reshard-7"] {
        #expect(responder.get(absent).status.code == 404)
      }
      try publish(.rolledBack)
      let later = try await bench.responder()
      #expect(!later.get("/").body.contains(path) && later.get("/clusters/shop").body.contains(path))
    }
  }

  @Test(
    "what is not there is 404, and what is asked wrongly is 400",
    arguments: [
      ("/nope", 404), ("/clusters/nope", 404), ("/clusters/nope/runs", 404), ("/runs/nope", 404), ("/runs/goo", 404),
      ("/findings/nope", 404), ("/api", 404), ("/api/v2", 404), ("/api/v1/nope", 404), ("/api/v1/runs/latest", 404),
      ("/api/v1/clusters/nope", 404), ("/clusters/shop?days=0", 400), ("/clusters/shop?days=x", 400),
      ("/clusters/shop/runs?before=-1", 400), ("/api/v1/clusters/shop/runs?limit=100000", 400),
      ("/api/v1/findings?state=some", 400), ("/%FF", 400), ("/runs/%zz", 400), ("/clusters/../runs", 404),
    ])
  func wrong(path: String, status: Int) async throws {
    try await DashboardBench.with { bench in
      try fill(bench)
      #expect(try await bench.responder().get(path).status.code == status)
    }
  }

  @Test(
    "a cluster, run or key of any name has its page, and its name stays text",
    arguments: [
      "<script>alert(1)</script>", "a/../b?c#d", ".", "..", "a b%2F", "\"'`&", String(repeating: "n", count: 10_000),
    ])
  func names(name: String) async throws {
    try await DashboardBench.with { bench in
      try bench.record(name + "-run", cluster: name) {
        $0.findings = [DashboardBench.finding(.clear(Array(name.utf8) + [0xFF]))]
      }
      let responder = try await bench.responder()
      let id = try #require(try bench.ledger.history().runs[0].body.subjects?.first?.id)
      let links = responder.get("/").body.matches(of: /href="(\/clusters\/[^"]*)"/).map { String($0.1) }
      #expect(links.count == 1)
      for path in [links[0], links[0] + "/runs", DashboardPath.run(name + "-run"), "/findings", "/findings/\(id)"] {
        let answer = responder.get(path)
        #expect(answer.status == .ok, "\(path.prefix(100))")
        #expect(!answer.body.contains("<script"))
        // The list of findings cuts a long name short; the finding's own page shows it whole.
        let isShort = path.hasSuffix("/runs") || path == "/findings" && name.count > 1000
        #expect(isShort || answer.body.contains("\\xff"))
      }
      let api = responder.get("/api/v1" + links[0])
      let object = try JSONSerialization.jsonObject(with: Data(api.body.utf8)) as? [String: Any]
      #expect(object?["cluster"] as? String == name)
    }
  }

  @Test("nothing looks good where nothing was examined, a run was cut off, or none is recorded")
  func neverGreen() async throws {
    try await DashboardBench.with { bench in
      #expect(try await bench.responder().get("/").body.contains("No run is recorded yet: nothing is known."))
      try bench.record("nothing", cluster: "a") {
        $0.levels = []
        $0.coverage = []
        $0.answers = nil
      }
      try bench.ledger.begin(
        run: "cut-off", drill: "nightly", cluster: "b", startedAt: DashboardBench.start, files: [:], seed: 1)
      try FileManager.default.removeItem(atPath: bench.ledgerPath + "-running")
      let responder = try await bench.responder()
      for path in ["/", "/clusters/a", "/clusters/b?days=30", "/runs/nothing", "/runs/cut-off"] {
        let body = responder.get(path).body
        for good in ["badge good", "card good", "verdict good"] { #expect(!body.contains(good), "\(path): \(good)") }
      }
      #expect(responder.get("/runs/cut-off").body.contains("it says nothing about the data"))
      #expect(responder.get("/").body.contains("INTERRUPTED") && responder.get("/").body.contains("INCONCLUSIVE"))
    }
  }

  @Test("what is appended while it serves is shown after the next look, and lists go on page by page")
  func growth() async throws {
    try await DashboardBench.with { bench in
      try bench.record("r0", day: 1)
      let responder = try await bench.responder()
      #expect(responder.get("/runs/r1").status == .notFound)
      for number in 1...4 { try bench.record("r\(number)", day: 1 + Double(number) / 10) }
      await responder.watch.refresh(at: DashboardBench.now)
      #expect(responder.get("/runs/r1").status == .ok)
      var (path, seen): (String?, [String]) = ("/clusters/shop/runs?limit=2", [])
      while let next = path {
        let body = responder.get(next).body
        seen += body.matches(of: /href="\/runs\/([^"]*)"/).map { String($0.1) }
        path = body.firstMatch(of: /href="(\/clusters\/shop\/runs\?before=[0-9]+)">older/).map { $0.1 + "&limit=2" }
      }
      #expect(seen == ["r4", "r3", "r2", "r1", "r0"])
    }
  }

  @Test("a ledger that cannot be read any more is said on every page, and nothing that was known is lost")
  func unreadable() async throws {
    try await DashboardBench.with { bench in
      try bench.record("r0")
      let responder = try await bench.responder()
      let watch = responder.watch
      try Data(repeating: 0x7A, count: 8192).write(to: URL(fileURLWithPath: bench.ledgerPath))
      await watch.refresh(at: DashboardBench.now)
      #expect(responder.get("/healthz").status == .serviceUnavailable)
      #expect(responder.get("/").body.contains("The ledger cannot be read now"))
      #expect(responder.get("/").body.contains("shop"))
      #expect(responder.get("/metrics").body.contains("firedrill_ledger_up 0\n"))
      let run = responder.get("/runs/r0")
      #expect(run.status == .serviceUnavailable && !run.body.contains(bench.folder))
    }
  }
}
