import Foundation
import Glibc

/// A temporary folder of a test's own, with a work root, a ledger and a catalog in it; removed afterwards.
struct TestBench: Sendable {
  struct Failure: Error { var detail: String }

  let folder: String
  var work: String { folder + "/work" }
  var ledger: String { folder + "/ledger.sqlite" }
  var catalog: String { folder + "/catalog" }

  /// What `firedrill` finds in its environment: nothing of the person's who runs the tests, but where programs are.
  var environment: [String: String] {
    [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": folder, "FIREDRILL_WORK": work,
      "FIREDRILL_LEDGER": ledger,
    ]
  }

  static func with<R>(_ body: (TestBench) async throws -> R) async throws -> R {
    var template = Array("/tmp/fd-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure(detail: "no temporary folder") }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(TestBench(folder: folder))
  }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    let path = "\(folder)/\(name)"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// What lies below the work root, but for the lock that every run takes.
  var leftovers: [String] {
    ((try? FileManager.default.subpathsOfDirectory(atPath: work)) ?? []).filter { $0 != ".lock" }.sorted()
  }

  /// What lies in the catalog.
  func catalogued() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: catalog).sorted() }

  /// A file of the repository; tests are built where their sources are.
  static func repositoryFile(_ path: String, from file: String = #filePath) -> String {
    var root = URL(fileURLWithPath: file)
    while root.lastPathComponent != "Tests" { root.deleteLastPathComponent() }
    return root.deletingLastPathComponent().appendingPathComponent(path).path
  }
}
