import DrillEvidence
import DrillModel
import Foundation

/// What the commands may do with the terminal.
enum Terminal {
  static var isErrorATerminal: Bool { isatty(STDERR_FILENO) == 1 }
  static var isOutputATerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  static var style: TextStyle { TextStyle(isColoured: usesColour) }

  /// Colour where a person looks on, unless NO_COLOR asks for none (https://no-color.org).
  static var usesColour: Bool {
    isOutputATerminal && ProcessInfo.processInfo.environment["NO_COLOR", default: ""].isEmpty
  }

  static func say(_ text: String) { write(text.hasSuffix("\n") ? text : text + "\n", to: STDOUT_FILENO) }
  static func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }
  static func complain(_ text: String) { note("firedrill: \(text)") }
  static func complain(_ error: DrillError) { complain("\(error)  [\(error.code.rawValue)]") }

  static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }

  static func exit(_ status: ExitStatus) -> Never { Foundation.exit(status.rawValue) }

  /// Stable JSON: sorted keys, ISO 8601 times, slashes as they are.
  static func sayJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    say(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}
