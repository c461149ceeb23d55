internal import DrillEngines
internal import DrillModel

@testable import Firedrill

/// Files that people write.
enum FileReaders {
  /// The same text as each kind of file; the kinds differ in what they ask of it.
  static func yaml(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    let kept = ["f.yaml": text, "workload.yaml": text]
    let texts = FileTexts(folder: "/nowhere", kept: kept)
    attempt { _ = try DrillFile.read(texts: kept, name: "f.yaml", folder: "/nowhere") }
    attempt { _ = try ClusterFile.read("f.yaml", texts: texts) }
    attempt { _ = try WorkloadFile.read("f.yaml", texts: texts) }
    attempt { _ = try GatePolicyReader(name: "f.yaml", text: text).policy() }
    attempt { _ = try RetentionRuleReader(name: "f.yaml", texts: texts).rule() }
    attempt { _ = try TopologyFile.read(text, file: "f.yaml", engine: RedisEngine()) }
  }

  private static func attempt(_ body: () throws -> Void) {
    do { try body() } catch { promise(error is DrillError, "an error is one of ours, not \(error)") }
  }
}
