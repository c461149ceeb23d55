/// Rows as comma-separated values. Source: RFC 4180.
enum CSVText {
  static func encode(_ rows: [[String]]) -> [UInt8] {
    Array(rows.map { $0.map(field).joined(separator: ",") + "\r\n" }.joined().utf8)
  }

  /// Quoted always; a text that a spreadsheet would take for a formula gets an apostrophe before it.
  /// Source: OWASP, "CSV Injection".
  private static func field(_ text: String) -> String {
    let risky = text.first.map { "=+-@\t\r".contains($0) } ?? false
    return "\"" + (risky ? "'" : "") + text.replacing("\"", with: "\"\"") + "\""
  }
}
