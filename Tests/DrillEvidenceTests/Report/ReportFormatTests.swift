import DrillEvidence
import DrillModel
import Foundation
import Testing

@Suite("A report as Markdown and JUnit")
struct ReportFormatTests {
  @Test("no name becomes markup in JUnit, and failures, errors and skips add up", arguments: ReportHTMLTests.names)
  func junit(name: String) throws {
    try withTemporaryFolder { folder in
      for page in try ReportHTMLTests.pages(ReportHTMLTests.run(named: name), in: folder) {
        let text = ReportJUnit(page).text()
        let scan = try MarkupScan(text)
        #expect(
          scan.elements.subtracting([
            "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out",
          ]) == [])
        for (attribute, element) in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")] {
          let first = try #require(text.firstMatch(of: try Regex("<testsuites [^>]*\(attribute)=\"([0-9]+)\"")))
          let count = text.matches(of: try Regex("<\(element)[ >]")).count
          #expect(first.output[1].substring.flatMap { Int($0) } == count, "\(attribute)")
        }
      }
    }
  }

  @Test(
    "no name becomes a tag, a row or a link in Markdown",
    arguments: ReportHTMLTests.names + ["a | b", "[x](javascript:y)", "# h"])
  func markdown(name: String) throws {
    try withTemporaryFolder { folder in
      for page in try ReportHTMLTests.pages(ReportHTMLTests.run(named: name), in: folder) {
        let text = ReportMarkdown(page).text()
        #expect(!text.contains("<") && !text.replacing("\\]", with: "").contains("]("))
        for line in text.split(separator: "\n") where line.hasPrefix("|") {
          let cells = line.replacing("\\\\", with: "").replacing("\\|", with: "").count { $0 == "|" } - 1
          #expect((2...7).contains(cells), "\(line.prefix(200))")
        }
      }
    }
  }

  @Test("a finding is a failure, an obstacle an error, and a stage that was examined a success")
  func cases() throws {
    try withTemporaryFolder { folder in
      let page = try ReportHTMLTests.pages(try SampleRuns.failing(), in: folder)[0]
      let text = ReportJUnit(page).text()
      func testcase(_ stage: String) throws -> Substring {
        try #require(text.firstMatch(of: try Regex("<testcase [^>]*name=\"stage \(stage)\"[^>]*>(<[a-z-]+)?"))).output[
          0
        ].substring ?? ""
      }
      #expect(try testcase("integrity").hasSuffix("<failure"))
      #expect(try testcase("compare").hasSuffix("<failure"))
      #expect(try testcase("replay").hasSuffix("<error"))
      #expect(try testcase("decode").hasSuffix("/>"))
      #expect(text.contains("objective: restore time (RTO) at most 1 min"))
    }
  }
}
