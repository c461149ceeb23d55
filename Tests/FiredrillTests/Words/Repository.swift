import Foundation

/// The repository that these tests were built from: its documents, sources and shipped files.
enum Repository {
  private static var root: URL {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { url.deleteLastPathComponent() }
    return url
  }

  static func path(_ relative: String) -> String { root.appendingPathComponent(relative).path }

  static func text(_ relative: String) throws -> String { try String(contentsOfFile: path(relative), encoding: .utf8) }

  /// The files of a folder that end in `.yaml`, by name.
  static func yamlFiles(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path(folder)).filter { $0.hasSuffix(".yaml") }.sorted()
      .map { "\(folder)/\($0)" }
  }

  /// The fenced YAML blocks of a document, in their order.
  static func yamlBlocks(of document: String) throws -> [String] {
    try text(document).components(separatedBy: "```yaml\n").dropFirst().compactMap {
      $0.components(separatedBy: "```").first
    }
  }

  /// The lines of a document's tables whose first cell is matched by `first`.
  static func tableRows(of document: String, where first: Regex<Substring>) throws -> [String] {
    try text(document).split(separator: "\n").filter { $0.prefixMatch(of: first) != nil }.map(String.init)
  }
}

/// Runs `body` with a fresh folder that is gone afterwards.
func withWordsFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = NSTemporaryDirectory() + "words-tests-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}
