public import DrillModel
import DrillReplay
import Foundation

/// A cluster file: a live cluster, how it may be captured, and what is asked of it at the cut. `drills/README.md` documents every field.
public struct ClusterFile: Sendable {
  public var description: ClusterDescription
  /// What to ask the live servers while the cut is held: the answers part of the captured reference. Nil: only what the engine counts.
  public var answers: WorkloadFile?
  public var answersSeed: UInt64

  public init(description: ClusterDescription, answers: WorkloadFile? = nil, answersSeed: UInt64 = 1) {
    self.description = description
    self.answers = answers
    self.answersSeed = answersSeed
  }

  /// - Throws: `DrillError`: `bad-file` with file, line and column; `key-unreadable` for a password that cannot be read.
  public static func read(path: String) throws -> ClusterFile {
    let url = URL(fileURLWithPath: path)
    return try read(url.lastPathComponent, texts: FileTexts(folder: url.deletingLastPathComponent().path))
  }

  static func read(_ path: String, texts: FileTexts) throws -> ClusterFile {
    let file = try YAMLSection(file: path, text: try texts.text(path))
    guard let engine = try file.choice("engine", of: EngineName.self) else {
      throw file.missing(["engine"], "the cluster needs 'engine': redis or sqlite")
    }
    var cluster = ClusterDescription(name: try file.requiredText("cluster"), engine: engine.rawValue)
    guard cluster.name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }), !cluster.name.isEmpty
    else {
      throw file.refuse("cluster", "a cluster's name is made of letters, digits, '-' and '_'")
    }
    switch engine {
    case .redis:
      cluster.endpoints = try (file.texts("nodes") ?? []).map { text in
        guard let endpoint = Endpoint(parsing: text, relativeTo: { texts.absolute(texts.sibling(of: path, $0)) }) else {
          throw file.refuse("nodes", "a node is host:port or the path of a unix socket, not '\(text)'")
        }
        return endpoint
      }
      guard !cluster.endpoints.isEmpty else { throw file.missing(["nodes"], "a redis cluster needs 'nodes'") }
      cluster.isCluster = try file.choice("mode", of: Mode.self) ?? .cluster == .cluster
      if let auth = try file.section("auth") {
        cluster.username = try auth.text("user")
        cluster.password = try password(auth) { texts.absolute(texts.sibling(of: path, $0)) }
        try auth.finish()
      }
    case .sqlite:
      cluster.files = try (file.sections("files") ?? []).map { entry in
        let slots = try entry.text("slots").map { text in
          guard let slots = SlotSet(parsing: text) else {
            throw entry.refuse("slots", "'slots' are ranges such as 0-4095,5000")
          }
          return slots
        }
        let shard = ClusterDescription.ShardFile(
          name: try entry.requiredText("shard"),
          path: texts.absolute(texts.sibling(of: path, try entry.requiredText("path"))), slots: slots)
        try entry.finish()
        return shard
      }
      guard !cluster.files.isEmpty else { throw file.missing(["files"], "an sqlite cluster needs 'files'") }
      guard Set(cluster.files.map(\.name)).count == cluster.files.count else {
        throw file.refuse("files", "two files have one shard name")
      }
      cluster.versionColumns = try file.texts(mappedBy: "version_columns")
      cluster.tombstones = try file.texts(mappedBy: "tombstones")
    }
    if let capture = try file.section("capture") {
      cluster.capture = CapturePlan(
        coherence: try capture.choice("cut", of: CutChoice.self) == .coherent ? .coherent : .perShard,
        maxPause: try capture.duration("max_pause") ?? .seconds(2),
        allowsServerDisk: try capture.choice("transfer", of: Transfer.self) == .disk,
        prefersReplicas: try capture.choice("from", of: Side.self) != .masters)
      try capture.finish()
    }
    cluster.readRate = try file.integer("reads_per_second", in: 1...100_000_000)
    var result = ClusterFile(description: cluster)
    if let answers = try file.section("answers") {
      var workload = try WorkloadFile.read(texts.sibling(of: path, try answers.requiredText("profile")), texts: texts)
      if let operations = try answers.integer("operations", in: 1...10_000_000) {
        workload.profile.operations = operations
        workload.profile.duration = nil
      }
      workload.budget = try answers.duration("budget") ?? .milliseconds(500)
      result.answers = workload
      result.answersSeed = try answers.seed() ?? 1
      try answers.finish()
    }
    try file.finish()
    return result
  }

  enum EngineName: String, CaseIterable { case redis, sqlite }
  private enum Mode: String, CaseIterable { case cluster, standalone }
  private enum CutChoice: String, CaseIterable {
    case coherent
    case perShard = "per-shard"
  }
  private enum Transfer: String, CaseIterable { case diskless, disk }
  private enum Side: String, CaseIterable { case replicas, masters }

  /// A password from a file or the environment; never from the YAML itself, which the ledger keeps.
  private static func password(_ auth: YAMLSection, absolute: (String) -> String) throws -> Secret? {
    let (path, variable) = (try auth.text("password_file"), try auth.text("password_env"))
    guard path == nil || variable == nil else {
      throw auth.refuse("password_env", "a password is in 'password_file' or in 'password_env', not in both")
    }
    if let path {
      guard let text = try? String(contentsOfFile: absolute(path), encoding: .utf8) else {
        throw DrillError(
          .keyUnreadable, subject: path, detail: "the password file cannot be read; see its name and its mode")
      }
      return Secret(String(text.prefix { $0 != "\n" }))
    }
    if let variable {
      guard let value = ProcessInfo.processInfo.environment[variable] else {
        throw DrillError(
          .keyUnreadable, subject: variable,
          detail: "this environment variable, which should hold the password, is not set")
      }
      return Secret(value)
    }
    return nil
  }
}

extension Endpoint {
  /// Reads `host:port`, `[::1]:port`, or a path.
  init?(parsing text: String, relativeTo absolute: (String) -> String = { $0 }) {
    if text.contains("/") {
      self = .unix(path: absolute(text))
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (1...65535).contains(port)
    else { return nil }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    guard !host.isEmpty else { return nil }
    self = .tcp(host: host, port: port)
  }
}
