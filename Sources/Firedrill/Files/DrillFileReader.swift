import DrillChecks
import DrillEvidence
import DrillModel
import DrillReplay
import Foundation
import Yams

/// Reads a drill file and everything that it names.
struct DrillFileReader {
  private let texts: FileTexts
  private let name: String

  init(path: String) {
    let url = URL(fileURLWithPath: path)
    texts = FileTexts(folder: url.deletingLastPathComponent().path)
    name = url.lastPathComponent
  }

  init(texts kept: [String: String], name: String, folder: String) {
    texts = FileTexts(folder: folder, kept: kept)
    self.name = name
  }

  func drill() throws -> DrillFile {
    let file = try YAMLSection(file: name, text: try texts.text(name))
    var drill = DrillFile(
      name: try file.requiredText("drill"), seed: try file.seed() ?? 1, backups: try backups(file),
      requiresSignature: true, trust: TrustSection(),
      sandbox: try sandbox(file.section("sandbox")), level: try file.choice("level", of: Level.self) ?? .answers,
      references: try references(file), objectives: try objectives(file.section("objectives")), texts: [:])
    guard drill.name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }), !drill.name.isEmpty else {
      throw file.refuse("drill", "a drill's name is made of letters, digits, '-' and '_'")
    }

    if let cluster = try file.text("cluster") {
      drill.cluster = try ClusterFile.read(texts.sibling(of: name, cluster), texts: texts)
    }
    if let production = try file.section("production") { drill.production = try ProductionFile(production) }
    guard (drill.cluster == nil) != (drill.production == nil) else {
      throw file.missing(
        ["cluster", "production"], "a drill names either its 'cluster' (a file) or a synthetic 'production' to make")
    }
    drill.remoteCatalog = try remoteCatalog(file)
    if drill.remoteCatalog == nil { drill.catalog = try file.text("catalog").map(texts.absolute) }
    if case .unsealed(let selection) = drill.backups {
      try UnsealedReader(texts: texts, name: name).check(drill, selection, file)
    } else if drill.catalog == nil, drill.remoteCatalog == nil, drill.production == nil {
      throw file.missing(["catalog"], "the drill needs 'catalog', the folder of its backups")
    }

    let signature = try file.choice("signature", of: Signature.self) ?? .required
    drill.requiresSignature = signature == .required
    drill.trust = try TrustSection(file, absolute: texts.absolute)
    drill.immutability = try ImmutabilityProbe.read(file, absolute: texts.absolute)
    drill.keys = try EncodingReader(absolute: texts.absolute, text: { try texts.text(texts.sibling(of: name, $0)) })
      .keys(
        file)
    if let capture = try file.section("capture") {
      drill.capture = .init(
        follows: try capture.flag("follow") ?? false, key: try capture.text("key").map(texts.absolute),
        on: try capture.text("on"), retention: try capture.text("retention"),
        rationale: try capture.text("rationale"),
        encoding: try EncodingReader(absolute: texts.absolute, text: texts.text).encoding(capture))
      try capture.finish()
    } else if drill.production != nil {
      drill.capture = .init(follows: false, key: nil)
    }
    if let capture = drill.capture, capture.key == nil, drill.production == nil {
      throw file.refuse("capture", "'capture' needs 'key', the private key to seal with (firedrill keygen makes one)")
    }
    if drill.backups.isUnsealed, drill.capture != nil {
      throw file.refuse("capture", "a backup that is captured is sealed; leave out 'capture', or 'unsealed'")
    }
    if drill.capture != nil, drill.backups != .latest, !drill.backups.isUnsealed {
      throw file.refuse("backup", "what is captured first is what is drilled; leave out 'backup', or 'capture'")
    }
    if drill.remoteCatalog != nil, drill.capture != nil {
      throw file.refuse(
        "catalog",
        "a backup is captured into a folder and not into a remote catalog; name a folder, and let a job copy it there")
    }
    if signature == .required, drill.trust.entries.isEmpty, drill.production == nil, !drill.backups.isUnsealed {
      throw file.missing(["trust"], "the drill needs 'trust', the public keys that its manifests may be signed with")
    }
    drill.workload = try workload(file)
    drill.load = try load(file, engine: drill.engineName)
    if let selfTest = try file.section("self_test") {
      drill.selfTestFaults = try selfTest.integer("faults", in: 1...100) ?? drill.selfTestFaults
      try selfTest.finish()
    }
    drill.access = try access(file, engine: drill.engineName)
    drill.ledger = try file.text("ledger").map(texts.absolute)
    drill.governance = try GovernanceReader.read(file)
    drill.notify = try NotifySection(absolute: texts.absolute).targets(file)
    try file.finish()
    drill.texts = texts.read
    drill.texts[DrillOrigin.key] = DrillOrigin(folder: texts.folder, name: name).path
    return drill
  }

  private enum Signature: String, CaseIterable { case required, optional }

  /// Nil where the catalog is a folder, or there is none.
  private func remoteCatalog(_ file: YAMLSection) throws -> DrillFile.RemoteCatalog? {
    let remote: RcloneRemote?
    do {
      remote = try file.text("catalog").flatMap { try RcloneRemote($0) }
    } catch let error as DrillError where error.code == .usage {
      throw file.refuse("catalog", error.detail)
    }
    let (cache, rclone) = (try file.section("cache"), try file.section("rclone"))
    guard let remote else {
      if cache != nil || rclone != nil {
        throw file.refuse(
          cache != nil ? "cache" : "rclone", "a catalog that is a folder is not fetched; only a remote one has this")
      }
      return nil
    }
    var settings = RcloneSettings(cacheFolder: try cache?.text("folder").map(texts.absolute))
    if let size = try cache?.size("size") { settings.cacheBytes = size }
    if let age = try cache?.duration("max_age") { settings.maxAge = age }
    settings.config = try rclone?.text("config").map(texts.absolute)
    if let program = try rclone?.text("program") {
      settings.program = program.contains("/") ? texts.absolute(program) : program
    }
    if let timeout = try rclone?.duration("timeout") { settings.timeout = timeout }
    try cache?.finish()
    try rclone?.finish()
    return DrillFile.RemoteCatalog(remote: remote, settings: settings)
  }

  private func backups(_ file: YAMLSection) throws -> DrillFile.BackupSelection {
    guard let node = file.node("backup") else { return .latest }
    if let text = node.string {
      guard text == "latest" else {
        throw file.refuse(
          node, DrillFileReader.backupForms)
      }
      return .latest
    }
    let section = try file.section(node, "'backup'")
    let selection: DrillFile.BackupSelection
    let tip = try section.text("id")
    if let point = try point(section) {
      if case .time(let time) = point, tip == nil { selection = .at(time) } else { selection = .point(tip: tip, point) }
    } else if let name = try section.text("checkpoint") {
      guard MigrationCheckpoint.names.contains(name) else {
        throw section.refuse(
          "checkpoint", "'checkpoint' is one of \(MigrationCheckpoint.names.joined(separator: ", "))")
      }
      selection = .checkpoint(name, migration: try section.text("migration"), tip: tip)
    } else if let tip {
      selection = .id(tip)
    } else if let sample = try section.section("sample") {
      guard let count = try sample.integer("count", in: 1...10_000) else {
        throw sample.missing(["count"], "'sample' needs 'count'")
      }
      selection = .sample(count: count, seed: try sample.seed() ?? 1)
      try sample.finish()
    } else if let text = try section.text("rotation") {
      guard let time = Instant(parsing: text) else {
        throw section.refuse("rotation", "'rotation' is the time of a change of keys, such as 2026-01-31T04:00:00Z")
      }
      selection = .rotation(time)
    } else if let path = try section.text("unsealed") {
      selection = .unsealed(try UnsealedReader(texts: texts, name: name).selection(path, section))
    } else {
      throw section.missing(
        ["id", "at", "random", "checkpoint", "sample", "rotation", "unsealed"], DrillFileReader.backupForms)
    }
    try section.finish()
    return selection
  }

  private static let backupForms =
    "'backup' is latest, or one of {id: …}, {at: TIME}, {at: cut}, {at: {backup: ID}}, {random: {seed}}, {checkpoint: NAME}, {sample: {count, seed}}, {rotation: TIME}, {unsealed: PATH}; with a point, 'id' is the chain's last backup"

  /// The point of a chain that is asked for; nil where none is.
  private func point(_ section: YAMLSection) throws -> ChainPoint? {
    if let random = try section.section("random") {
      let seed = try random.seed() ?? 1
      try random.finish()
      return .random(seed: seed)
    }
    guard let node = section.node("at") else { return nil }
    guard node.mapping == nil else {
      let other = try section.section(node, "'at'")
      let backup = try other.requiredText("backup")
      try other.finish()
      return .backup(backup)
    }
    guard let text = try section.text("at") else { return nil }
    if text == "cut" { return .cut }
    guard let time = Instant(parsing: text) else {
      throw section.refuse(
        "at", "'at' is an ISO 8601 time such as 2026-01-31T04:00:00Z, cut, or {backup: ID}, whose cut is meant")
    }
    return .time(time)
  }

  private func sandbox(_ section: YAMLSection?) throws -> DrillFile.SandboxSection {
    var sandbox = DrillFile.SandboxSection()
    guard let section else { return sandbox }
    sandbox.isolation = try section.choice("isolation", of: Isolation.self) ?? .folder
    sandbox.proof = try proof(section)
    sandbox.memoryBytes = try section.size("memory")
    sandbox.shardSample = try section.integer("shards", in: 1...Slot.count)
    sandbox.servers = (try section.texts("server") ?? []).map { $0.contains("/") ? texts.absolute($0) : $0 }
    sandbox.modules = (try section.texts("modules") ?? []).map(texts.absolute)
    sandbox.folder = try section.text("folder").map(texts.absolute)
    if let timeout = try section.duration("load_timeout") { sandbox.loadTimeout = timeout }
    try section.finish()
    return sandbox
  }

  /// Trials that have to hold: all of them, or those that are named.
  private func proof(_ section: YAMLSection) throws -> Set<IsolationTrial.Kind> {
    guard let names = try section.texts("proof") else { return [] }
    if names == ["required"] { return Set(IsolationTrial.Kind.allCases) }
    let kinds = names.compactMap { IsolationTrial.Kind(rawValue: $0) }
    guard kinds.count == names.count, !kinds.isEmpty else {
      let known = IsolationTrial.Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw section.refuse("proof", "'proof' is required, or a list of \(known)")
    }
    return Set(kinds)
  }

  private func references(_ file: YAMLSection) throws -> [DrillFile.ReferenceKind] {
    guard let node = file.node("reference") else { return [.captured] }
    let nodes = node.sequence.map(Array.init) ?? [node]
    let references = try nodes.map { entry -> DrillFile.ReferenceKind in
      switch entry.string {
      case "captured": return .captured
      case "live": return .live
      default:
        guard entry.mapping != nil else { throw file.refuse(entry, "a reference is captured, live, or {backup: ID}") }
        let section = try file.section(entry, "'reference'")
        let backup = try section.requiredText("backup")
        try section.finish()
        return .backup(backup)
      }
    }
    guard !references.isEmpty, Set(references).count == references.count else {
      throw file.refuse(node, "'reference' names one or more different references")
    }
    return references
  }

  private func objectives(_ section: YAMLSection?) throws -> Objectives {
    guard let section else { return Objectives() }
    let objectives = Objectives(
      restoreTime: try section.duration("rto"), recoveryPoint: try section.duration("rpo"),
      maxDrift: try section.integer("drift", in: 0...Int.max).map(UInt64.init),
      maxMismatches: try section.integer("mismatches", in: 0...Int.max).map(UInt64.init),
      minCoverage: try section.share("coverage"))
    try section.finish()
    return objectives
  }

  private func load(_ file: YAMLSection, engine: String) throws -> WorkloadFile? {
    guard let section = try file.section("load") else { return nil }
    var load = try WorkloadFile.read(texts.sibling(of: name, try section.requiredText("profile")), texts: texts)
    if let rate = try section.real("rate", in: 0.001...10_000_000) {
      load.profile.rate = load.profile.rate ?? OfferedRate(rate)
      load.profile.rate?.operationsPerSecond = rate
      load.profile.thinkTime = nil
    }
    if let duration = try section.duration("duration") { load.profile.duration = duration }
    load.budget = try section.duration("budget")
    guard engine == "redis", load.profile.engine == "redis" else {
      throw file.refuse("load", "'load' is for redis alone: a restored SQLite file is read where it lies")
    }
    if let problem = load.profile.problems.first {
      throw file.refuse("load", "the load's '\(problem.field)' \(problem.detail)")
    }
    try section.finish()
    return load
  }

  /// `captured`, or `{expected: FILE}`; of SQLite's files `{mode: "0640"}`.
  private func access(_ file: YAMLSection, engine: String) throws -> DrillFile.AccessRequirement? {
    guard let node = file.node("access") else { return nil }
    if node.string == "captured", engine == "redis" { return .captured }
    let section = try file.section(node, "'access'")
    let (expected, mode) = (try section.text("expected"), try section.text("mode"))
    try section.finish()
    switch (expected, mode, engine) {
    case (let path?, nil, "redis"): return .expected(texts.absolute(path))
    case (nil, let mode?, "sqlite"):
      guard mode.wholeMatch(of: /0[0-7]{3}/) != nil else {
        throw section.refuse("mode", "'mode' is four octal digits in quotes, such as \"0640\"")
      }
      return .mode(mode)
    default:
      throw file.refuse(node, "'access' is captured or {expected: FILE} for redis, {mode: \"0640\"} for sqlite")
    }
  }

  private func workload(_ file: YAMLSection) throws -> WorkloadFile? {
    guard let node = file.node("workload") else { return nil }
    if let path = node.string { return try WorkloadFile.read(texts.sibling(of: name, path), texts: texts) }
    let section = try file.section(node, "'workload'")
    var workload = try WorkloadFile.read(texts.sibling(of: name, try section.requiredText("profile")), texts: texts)
    if let operations = try section.integer("operations", in: 1...100_000_000) {
      workload.profile.operations = operations
      workload.profile.duration = nil
    }
    if let budget = try section.duration("budget") { workload.budget = budget }
    try section.finish()
    return workload
  }
}
