public import DrillModel
import DrillReplay
import Foundation

/// A cluster file: a live cluster, how it may be captured, and what is asked of it at the cut. `drills/README.md` documents every field.
public struct ClusterFile: Sendable {
  public var description: ClusterDescription
  /// What to ask the live servers while the cut is held: the answers part of the captured reference. Nil: only what the engine counts.
  public var answers: WorkloadFile?
  public var answersSeed: UInt64
  /// How its backups are stored; nil: as they are.
  public var encoding: EncodingSection?

  public init(description: ClusterDescription, answers: WorkloadFile? = nil, answersSeed: UInt64 = 1) {
    self.description = description
    self.answers = answers
    self.answersSeed = answersSeed
  }

  /// The same file, with its records read the way that was asked for; nil: as the file says.
  ///
  /// - Throws: `DrillError` with `usage` where that cannot be.
  func reading(_ via: ReadingPath?) throws -> ClusterFile {
    guard let via else { return self }
    var file = self
    file.description.capture.readsByCommands = via == .commands
    guard via == .commands else { return file }
    guard description.engine == EngineName.redis.rawValue else {
      throw DrillError(.usage, subject: "--via", detail: "reading by commands is for redis; sqlite files are copied")
    }
    guard description.capture.coherence != .coherent else {
      throw DrillError(
        .usage, subject: "--via",
        detail: "what is read by commands stands at no cut; leave out 'cut: coherent' in the cluster file")
    }
    return file
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
      let mode = try file.choice("mode", of: Mode.self) ?? .cluster
      cluster.isCluster = mode == .cluster
      let absolute = { texts.absolute(texts.sibling(of: path, $0)) }
      if let auth = try file.section("auth") {
        (cluster.username, cluster.password) = try LiveFields.login(auth, absolute)
        try auth.finish()
      }
      cluster.tls = try LiveFields.tls(file, absolute)
      cluster.addresses = try LiveFields.addresses(file)
      cluster.sentinel = try LiveFields.sentinel(file, isWanted: mode == .sentinel, absolute)
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
    var encoding: EncodingSection?
    if let capture = try file.section("capture") {
      cluster.capture = CapturePlan(
        coherence: try capture.choice("cut", of: CutChoice.self) == .coherent ? .coherent : .perShard,
        maxPause: try capture.duration("max_pause") ?? .seconds(2),
        allowsServerDisk: try capture.choice("transfer", of: Transfer.self) == .disk,
        prefersReplicas: try capture.choice("from", of: Side.self) != .masters,
        readsByCommands: try capture.choice("via", of: ReadingPath.self) == .commands)
      if cluster.capture.readsByCommands {
        guard engine == .redis else {
          throw capture.refuse("via", "'via: commands' is for redis; sqlite files are copied")
        }
        guard cluster.capture.coherence != .coherent else {
          throw capture.refuse("via", "what is read by commands stands at no cut; leave out 'cut: coherent'")
        }
      }
      let absolute = { texts.absolute(texts.sibling(of: path, $0)) }
      encoding = try EncodingReader(absolute: absolute, text: texts.text).encoding(capture)
      try capture.finish()
    }
    cluster.readRate = try file.integer("reads_per_second", in: 1...100_000_000)
    var result = ClusterFile(description: cluster)
    result.encoding = encoding
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
  private enum Mode: String, CaseIterable { case cluster, standalone, sentinel }
  private enum CutChoice: String, CaseIterable {
    case coherent
    case perShard = "per-shard"
  }
  private enum Transfer: String, CaseIterable { case diskless, disk }
  private enum Side: String, CaseIterable { case replicas, masters }
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
