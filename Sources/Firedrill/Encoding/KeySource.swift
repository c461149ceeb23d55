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
      // It is how a person reaches a key store, so that it has the person's environment.
      let folder = FileManager.default.currentDirectoryPath
      let bytes = await withCheckedContinuation { continuation in
        Thread { continuation.resume(returning: try? SecretCommand.output(of: words, in: folder)) }.start()
      }
      return bytes.flatMap { $0.isEmpty || $0.count > FilterTools.keyLimit ? nil : $0 }
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
