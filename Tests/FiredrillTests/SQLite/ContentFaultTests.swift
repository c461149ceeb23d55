import DrillModel
import Firedrill
import Foundation
import Testing

/// Wrong data in whole files that a trusted key sealed: nothing but a comparison with production can find it.
@Suite("A drill of a backup with wrong rows, sealed as they are,", .capturedShop)
struct ContentFaultTests {
  @Test("finds a row that was altered, and the answers that it gives")
  func altered() async throws {
    try await CapturedShop.withBench { bench in
      let customer = try asked(bench)
      #expect(
        try bench.rows().execute("UPDATE customers SET document = document || ' ' WHERE customer_id = ?", [customer])
          == 1)
      try bench.reseal()
      let run = try await bench.run("objectives: {mismatches: 0}")
      expect(run, .fail, [.contentDiffers, .answerDiffers, .mismatchesExceeded], at: .compare)
      #expect(run.level == .restored)
      #expect(run.findings(.contentDiffers).map(\.subject.namespace) == ["customers"])
      let slots = Set(run.findings(.answerDiffers).map(\.subject.slot))
      #expect(slots == Set(run.findings(.contentDiffers).map(\.subject.slot)))
      #expect(run.findings(.answerDiffers).allSatisfy { $0.subject.key != nil })
    }
  }

  @Test("allows as many differing answers as the drill does, and still finds each")
  func clean() async throws {
    try await CapturedShop.withBench { bench in
      expectClean(try await bench.run("objectives: {mismatches: 0, coverage: 90%, rto: 10m, rpo: 1h}"))
    }
  }

  @Test("finds a row that was altered where nobody asks for it")
  func alteredUnasked() async throws {
    try await CapturedShop.withBench { bench in
      let customer = try unasked(bench)
      #expect(try bench.rows().execute("UPDATE customers SET balance = 1234.5 WHERE customer_id = ?", [customer]) == 1)
      try bench.reseal()
      expect(try await bench.run(), .fail, [.contentDiffers], at: .compare)
    }
  }

  @Test("finds a number that became text of the same digits")
  func retyped() async throws {
    try await CapturedShop.withBench { bench in
      let customer = try unasked(bench)
      #expect(
        try bench.rows().execute(
          "UPDATE customers SET balance = CAST('1e3x' AS BLOB) WHERE customer_id = ?", [customer]) == 1)
      try bench.reseal()
      expect(try await bench.run(), .fail, [.contentDiffers], at: .compare)
    }
  }

  @Test("finds a row that was dropped")
  func dropped() async throws {
    try await CapturedShop.withBench { bench in
      let customer = try unasked(bench, with: "sessions")
      let lost = try bench.rows().execute("DELETE FROM sessions WHERE customer_id = ?", [customer])
      #expect(lost > 0)
      try bench.reseal()
      let run = try await bench.run()
      expect(run, .fail, [.contentDiffers], at: .compare)
      #expect(run.findings.map(\.subject.namespace) == ["sessions"])
      #expect(run.findings.first?.observed == "no records" || run.findings.first?.observed == "0 records")
    }
  }

  @Test("finds a deleted row that is there again")
  func resurrected() async throws {
    try await CapturedShop.withBench { bench in
      let deleted = try #require(
        bench.rows().integers(
          "SELECT customer_id, order_no FROM orders_deleted WHERE customer_id IN (SELECT customer_id FROM customers)"
        ).first)
      try bench.rows().execute(
        "INSERT INTO orders SELECT customer_id, \(deleted[1]), 'paid', 1, 1, '{\"lines\":[]}', 1 FROM customers WHERE customer_id = ?",
        [deleted[0]])
      try bench.reseal()
      let run = try await bench.run(.init(level: .content, more: ["reference: captured"]))
      #expect(run.verdict == .fail && run.firstFailingStage == .compare)
      #expect(run.findings(.contentDiffers).map(\.subject.namespace) == ["orders"])
    }
  }

  @Test(
    "names the key of a difference that nothing explains, from a live snapshot",
    arguments: ["altered", "dropped", "resurrected"])
  func unexplained(how: String) async throws {
    try await CapturedShop.withBench { bench in
      let customer = try unasked(bench, with: "orders")
      let number = try #require(
        bench.rows().integers("SELECT order_no FROM orders WHERE customer_id = \(customer)").first)[0]
      let rows = try bench.rows()
      switch how {
      case "altered":
        try rows.execute(
          "UPDATE orders SET total_cents = total_cents + 1 WHERE customer_id = ? AND order_no = ?", [customer, number])
      case "dropped": try rows.execute("DELETE FROM orders WHERE customer_id = ? AND order_no = ?", [customer, number])
      default:
        try rows.execute(
          "INSERT INTO orders SELECT customer_id, 999, status, 1, 1, document, version FROM orders WHERE customer_id = ? AND order_no = ?",
          [customer, number])
      }
      try bench.reseal()
      let run = try await bench.run(.init(level: .content, more: ["reference: live"]))
      expect(run, .fail, [.driftUnexplained], at: .drift)
      let finding = try #require(run.findings.first)
      #expect(run.findings.count == 1 && finding.subject.namespace == "orders")
      let sample = try #require(run.driftSamples.first)
      #expect(sample.key == finding.subject.key)
      #expect(sample.kind == ["altered": .changed, "dropped": .added, "resurrected": .removed][how])
      #expect(run.driftSamples.count == 1)
    }
  }

  @Test("passes against a live snapshot that stands at the cut")
  func liveAtCut() async throws {
    try await CapturedShop.withBench { bench in
      let run = try await bench.run(.init(level: .content, more: ["reference: live", "objectives: {drift: 0}"]))
      expectClean(run, at: .content)
      #expect(run.drift.isEmpty)
    }
  }

  @Test("passes against a live store that changed since, and says by what each difference is explained")
  func liveLater() async throws {
    try await CapturedShop.withBench { bench in
      let workload = "workload: {profile: documents.yaml, operations: 300}"
      let run = try await bench.run(.init(cluster: "shop-later.yaml", more: ["reference: [captured, live]", workload]))
      expectClean(run)
      #expect(!run.drift.isEmpty)
      #expect(run.drift.allSatisfy { $0.attribution == .explained })
    }
  }

  /// A customer whose row the captured answers show.
  private func asked(_ bench: DrillBench) throws -> Int64 {
    for operation in try bench.answers().operations where operation.name == "customer" {
      guard case .query(_, let parameters, _) = operation.statement, case .integer(let customer)? = parameters.first
      else { continue }
      if try bench.rows().integers("SELECT customer_id FROM customers WHERE customer_id = \(customer)").count == 1 {
        return customer
      }
    }
    throw DrillError(.usage, detail: "no operation asks for a customer")
  }

  /// A customer of whom no operation asks, with rows in `table`.
  private func unasked(_ bench: DrillBench, with table: String = "customers") throws -> Int64 {
    let asked = try bench.answers().operations.reduce(into: Set<Int64>()) { asked, operation in
      if case .query(_, let parameters, _) = operation.statement, case .integer(let customer)? = parameters.first {
        asked.insert(customer)
      }
    }
    return try #require(
      bench.rows().integers("SELECT DISTINCT customer_id FROM \(table)").map { $0[0] }.first { !asked.contains($0) })
  }
}
