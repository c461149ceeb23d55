import DrillModel
import Foundation
import FoundationXML
import Testing

@testable import DrillEvidence

@Suite("How a decision is written")
struct GateFormsTests {
  /// One clause of each status.
  private func mixed(_ name: String = "shop") throws -> GateDecision {
    var sample = try GateSample()
    sample.last.answers = .init(equal: 4999, different: 1)
    sample.last.latencies = []
    var decision = try sample.decide()
    decision.clusters = [name]
    for index in decision.clauses.indices { decision.clauses[index].cluster = name }
    return decision
  }

  @Test("the terminal shows what is not met first, what cannot be told next, and ends with what to do")
  func text() throws {
    let decision = try mixed()
    let lines = GateText(decision).text(TextStyle(columns: 200)).split(separator: "\n").map(String.init)
    #expect(lines[0] == "CLOSED  cutover, stage readiness: shop")
    let marks = lines.compactMap { line in ["✗", "?", "✓"].first { line.hasPrefix($0) } }
    #expect(marks == ["✗", "?", "?"] + Array(repeating: "✓", count: decision.clauses.count - 3))
    let unmet = try #require(lines.first { $0.hasPrefix("✗") })
    for part in ["mismatches", "at most 0 answers", "1 answer", "nightly-29", "(leaf "] {
      #expect(unmet.contains(part))
    }
    #expect(lines.contains { $0.hasPrefix("→ mismatches: ") })
    #expect(lines.contains { $0.hasPrefix("→ latency: ") })
    // One line a clause where there is room.
    #expect(lines.count { $0.contains("mismatches") && !$0.hasPrefix("→") } == 1)
    let open = GateText(try GateSample().decide()).text()
    #expect(open.hasPrefix("OPEN  "))
    #expect(!open.contains("→"))
    #expect(open.contains("Not examined"))
  }

  @Test("the fit and its error stand in the line, and in JSON as numbers")
  func fit() throws {
    let decision = try GateSample().decide()
    let result = try #require(decision.clauses.first { $0.clause == "rto_at_size" })
    #expect(result.reason.contains("per GiB from 30 restores"))
    #expect(result.reason.contains("standard error"))
    let fit = try #require(result.fit)
    // Made with 20 s and 0.6 s a GiB.
    #expect(abs(fit.predictedMs - 634_400) < 5000)
    #expect(fit.lowMs < fit.predictedMs && fit.predictedMs < fit.highMs)
    let again = try CanonicalJSON.decode(
      GateDocument.self, from: CanonicalJSON.text(GateDocument(decision, envelope: nil)).utf8)
    #expect(again.decision == decision && again.exitStatus == 0)
  }

  @Test("JUnit has a test case for each clause: not met is a failure, what cannot be told an error")
  func junit() throws {
    let decision = try mixed()
    let found = try Elements(GateJUnit(decision).text)
    #expect(found.names["testcase"] == decision.clauses.count)
    #expect(found.names["failure"] == 1)
    #expect(found.names["error"] == 2)
    #expect(found.attributes["testsuites"]?["tests"] == "\(decision.clauses.count)")
    #expect(found.attributes["testsuites"]?["failures"] == "1")
    #expect(found.attributes["testsuites"]?["errors"] == "2")
  }

  @Test("a policy without a clause has an error in JUnit, though nothing failed")
  func emptyPolicy() throws {
    let found = try Elements(GateJUnit(try GateSample().decide(GateSample.policy(readiness: []))).text)
    #expect(found.names["error"] == 1)
    #expect(found.attributes["testsuites"]?["errors"] == "1")
  }

  @Test(
    "foreign names stay names: in XML, in Markdown and on a terminal",
    arguments: [
      "<script>alert(1)</script>", "a|b`c*d_e[f](g)", "\u{1B}[31mred\u{07}\u{0}\u{FFFE}", "]]>&amp;\"'",
      "\u{202E}gnp.exe", "line\nbreak\r\n| x |", String(repeating: "k", count: 10_000),
    ])
  func foreign(_ name: String) throws {
    let decision = try mixed(name)
    let xml = GateJUnit(decision).text
    let found = try Elements(xml)
    #expect(found.names["testcase"] == decision.clauses.count)
    #expect(!xml.contains("<script>"))
    #expect(!xml.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    let markdown = GateMarkdown(decision).text
    #expect(!markdown.contains("<script>"))
    #expect(!markdown.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    let rows = markdown.split(separator: "\n").filter { $0.hasPrefix("| ") && $0.contains("mismatches") }
    #expect(rows.count == 1)
    // Six cells, so seven bars that are not escaped.
    #expect(rows[0].replacing("\\|", with: "").count { $0 == "|" } == 7)
    let text = GateText(decision).text()
    #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202E })
  }

  /// What an XML parser finds.
  private final class Elements: NSObject, XMLParserDelegate {
    var names: [String: Int] = [:]
    var attributes: [String: [String: String]] = [:]

    init(_ text: String) throws {
      super.init()
      let parser = XMLParser(data: Data(text.utf8))
      parser.delegate = self
      let isWellFormed = parser.parse()
      #expect(isWellFormed, "\(String(describing: parser.parserError))")
    }

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      names[name, default: 0] += 1
      if self.attributes[name] == nil { self.attributes[name] = attributes }
    }
  }
}
