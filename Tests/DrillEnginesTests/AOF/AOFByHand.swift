import DrillModel
import Foundation

@testable import DrillEngines

/// A log put together by hand, which knows where each of its items ends and which bytes hold its form.
struct AOFByHand {
  private(set) var bytes: [UInt8] = []
  /// Whether a byte says how long something is or where it ends.
  private(set) var isForm: [Bool] = []
  /// Where commands and annotations end.
  private(set) var ends: [Int] = []

  mutating func add(_ words: String...) {
    form("*\(words.count)\r\n")
    for word in words {
      form("$\(word.utf8.count)\r\n")
      bytes += word.utf8
      isForm += word.utf8.map { _ in false }
      form("\r\n")
    }
    ends.append(bytes.count)
  }

  mutating func annotate(_ time: Int) {
    form("#")
    let text = "TS:\(time)\r"
    bytes += text.utf8
    isForm += text.utf8.map { _ in false }
    form("\n")
    ends.append(bytes.count)
  }

  private mutating func form(_ text: String) {
    bytes += text.utf8
    isForm += text.utf8.map { _ in true }
  }

  /// Every family, a transaction, time stamps, two databases.
  static var sample: AOFByHand {
    var log = AOFByHand()
    log.add("SELECT", "0")
    log.annotate(1_700_000_000)
    log.add("SET", "s", "some text", "PXAT", "4000000000000")
    log.add("rpush", "l", "a", "", "c")
    log.add("SADD", "t", "1", "2")
    log.add("MULTI")
    log.add("HSET", "h", "f", "v")
    log.add("ZADD", "z", "1.5", "m")
    log.add("EXEC")
    log.annotate(1_700_000_001)
    log.add("XADD", "x", "5-1", "f", "v")
    log.add("XGROUP", "CREATE", "x", "g", "0")
    log.add("XCLAIM", "x", "g", "c", "0", "5-1", "TIME", "1700000000000", "RETRYCOUNT", "2", "FORCE", "JUSTID")
    log.add("SELECT", "3")
    log.add("APPEND", "s", "other")
    return log
  }

  static func artifact(_ bytes: [UInt8], in folder: String, named name: String = "log.aof") throws -> ArtifactFile {
    let path = "\(folder)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return ArtifactFile(shard: "a", format: "aof", path: path)
  }

  /// A log of several files: names with their bytes, and the manifest's text.
  static func artifact(
    _ files: [(name: String, bytes: [UInt8])], manifest: String, in folder: String
  ) throws -> ArtifactFile {
    let place = "\(folder)/appendonlydir"
    try? FileManager.default.removeItem(atPath: place)
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    for file in files { try Data(file.bytes).write(to: URL(fileURLWithPath: "\(place)/\(file.name)")) }
    try Data(manifest.utf8).write(to: URL(fileURLWithPath: "\(place)/appendonly.aof.manifest"))
    return try AOFLogs.artifact(place)
  }
}
