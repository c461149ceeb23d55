import Foundation
import Testing

/// The program itself, as it was built beside the tests.
enum FiredrillProgram {
  struct Result {
    var status: Int32
    var output: String
    var errors: String
  }

  /// Runs it in `folder` to its end.
  static func run(_ arguments: [String], in folder: String, environment: [String: String] = [:]) throws -> Result {
    let ours = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: ours).deletingLastPathComponent().appendingPathComponent("firedrill")
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (output, errors) = (folder + "/.output", folder + "/.errors")
    for path in [output, errors] { try Data().write(to: URL(fileURLWithPath: path)) }
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
    try process.run()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
      errors: try String(contentsOfFile: errors, encoding: .utf8))
  }
}
