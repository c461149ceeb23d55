import Foundation
import Testing

/// Holds texts against files in `Golden/`. With `FIREDRILL_RECORD_GOLDEN=1` the files are written instead, and the run fails, so that recording
/// is never mistaken for passing.
enum GoldenFile {
  static func expect(_ text: String, is name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Golden").appendingPathComponent(name)
    if ProcessInfo.processInfo.environment["FIREDRILL_RECORD_GOLDEN"] == "1" {
      try Data(text.utf8).write(to: file)
      Issue.record(
        "recorded \(name); look at it, then run again without FIREDRILL_RECORD_GOLDEN", sourceLocation: sourceLocation)
      return
    }
    let expected = try String(decoding: Data(contentsOf: file), as: UTF8.self)
    #expect(text == expected, "differs from Golden/\(name)", sourceLocation: sourceLocation)
  }
}
