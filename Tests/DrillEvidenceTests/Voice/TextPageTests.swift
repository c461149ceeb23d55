import Testing

@testable import DrillEvidence

@Suite("A page of text")
struct TextPageTests {
  private func lines(columns: Int, _ body: (inout Page) -> Void) -> [Substring] {
    var page = Page(TextStyle(columns: columns))
    body(&page)
    return page.text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  @Test("keeps to its width, whatever stands before the last column of a table", arguments: [10, 58, 59, 60, 61, 200])
  func wide(width: Int) {
    let cells = [Span("found"), Span(String(repeating: "p", count: width)), Span("where it lies, in words")]
    let lines = lines(columns: 60) { $0.table([cells], indent: 11) }
    #expect(lines.allSatisfy { $0.count <= 60 }, "\(lines)")
    let letters = lines.joined().filter { $0 != " " }
    #expect(letters == cells.map(\.text).joined().filter { $0 != " " })
  }
}
