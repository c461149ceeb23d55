import DrillEngines
import DrillModel
import Foundation

/// Where a key or a passphrase is to be had at the time of recovery; the drill file, which the ledger keeps, holds none itself.
public enum KeySource: Hashable, Sendable {
  /// An absolute path.
  case file(String)
  case environment(String)
  /// A program with its arguments, which writes it to its standard output.
  case command([String])

  /// What it is called in findings and notes: no path of this machine.
  var label: String {
    switch self {
    case .file(let path): (path as NSString).lastPathComponent
    case .environment(let name): "$\(name)"
    case .command(let words): "`\((words.first.map { ($0 as NSString).lastPathComponent }) ?? "")`"
    }
  }

  /// - Returns: nil where it cannot be had; why is not for the ledger.
  func read() async -> [UInt8]? {
    switch self {
    case .file(let path): return KeySource.contents(of: path)
    case .environment(let name):
      guard let text = ProcessInfo.processInfo.environment[name], !text.isEmpty else { return nil }
      return Array(text.utf8)
    case .command(let words):
      guard let first = words.first, let program = SandboxTools.executable(first) else { return nil }
      // It is how a person reaches a key store, so that it finds its own settings.
      let ours = ProcessInfo.processInfo.environment
      let launch = ChildProcess.Launch(
        executable: program, arguments: Array(words.dropFirst()),
        environment: ours.filter { ["PATH", "HOME", "USER", "LANG"].contains($0.key) })
      guard let lines = try? await FilterTools.said(launch), !lines.isEmpty else { return nil }
      return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
  }

  /// At most ``FilterTools/keyLimit`` bytes; nil where there are more, none, or the file cannot be read.
  static func contents(of path: String) -> [UInt8]? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    guard let bytes = try? handle.read(upToCount: FilterTools.keyLimit + 1), !bytes.isEmpty,
      bytes.count <= FilterTools.keyLimit
    else { return nil }
    return Array(bytes)
  }
}
