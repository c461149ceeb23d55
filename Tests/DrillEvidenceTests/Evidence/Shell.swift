import Foundation

/// Runs what an auditor would type.
enum Shell {
  struct Ending {
    var status: Int32
    var output: String
  }

  /// Runs a bash script to its end; errors and output go together.
  static func run(_ script: String, in folder: String, environment: [String: String] = [:]) throws -> Ending {
    let output = "\(folder)/.said-\(UInt64.random(in: 0 ... .max))"
    defer { unlink(output) }
    try Data().write(to: URL(fileURLWithPath: output))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-e", "-c", script]
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    process.waitUntilExit()
    return Ending(
      status: process.terminationStatus, output: (try? String(contentsOfFile: output, encoding: .utf8)) ?? "")
  }
}
