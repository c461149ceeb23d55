public import DrillModel
import Foundation
import GRDBSQLite

/// Copies of database files, opened read-only and immutable in a folder of their own.
public struct SQLiteSandbox: Sandbox {
  public private(set) var facts: SandboxFacts
  private let store: SQLiteStore
  private let paths: [String: String]
  private let folder: String

  public var shards: [String] { store.shards.map(\.name) }

  static func make(_ request: SandboxRequest) async throws -> SQLiteSandbox {
    guard request.isolation <= .folder else {
      throw DrillError(
        .isolationUnavailable, stage: .restore,
        detail: "an SQLite sandbox is a private folder within this process; ask for isolation `folder`")
    }
    let folder = request.folder + "/sqlite-" + UUID().uuidString.lowercased()
    guard mkdir(folder, 0o700) == 0 else {
      throw DrillError(
        .io, stage: .restore, detail: "the sandbox's folder cannot be made: \(String(cString: strerror(errno)))")
    }
    do {
      return try await SQLiteSandbox(request, folder: folder)
    } catch {
      try? FileManager.default.removeItem(atPath: folder)
      throw error
    }
  }

  private init(_ request: SandboxRequest, folder: String) async throws {
    self.folder = folder
    var phases: [PhaseTiming] = []
    var sums: [(Phase, Duration)] = [(.copy, .zero), (.load, .zero), (.ready, .zero), (.firstAnswer, .zero)]
    func timed<R>(_ phase: Int, _ shard: String, _ work: () async throws -> R) async rethrows -> R {
      let start = ContinuousClock.now
      let result = try await work()
      let elapsed = ContinuousClock.now - start
      phases.append(PhaseTiming(sums[phase].0, shard: shard, elapsed: elapsed))
      sums[phase].1 += elapsed
      return result
    }
    var opened: [SQLiteShard] = []
    var paths: [String: String] = [:]
    let sizes = request.files.map { Self.sizeBytes($0.path) }
    var restored: UInt64 = 0
    for (index, file) in request.files.enumerated() {
      let path = "\(folder)/\(index).sqlite"
      paths[file.shard] = path
      let shard = SQLiteShard(name: file.shard, path: path, access: .sealed)
      do {
        try await timed(0, file.shard) { try await shard.copyFile(from: file.path) }
        try await timed(1, file.shard) {
          try await shard.recover()
          try await shard.open()
        }
        try await timed(2, file.shard) { _ = try await shard.text("PRAGMA encoding") }
        try await timed(3, file.shard) { try await shard.answerFirst() }
      } catch let failure as SQLiteFailure {
        for shard in opened + [shard] { await shard.close() }
        if failure.isDamage || failure.primaryCode == SQLITE_ERROR {
          throw RestoreRejected(shard: file.shard, serverLines: [failure.meaning])
        }
        throw failure.artifactError(file.shard)
      } catch {
        for shard in opened + [shard] { await shard.close() }
        throw error
      }
      opened.append(shard)
      restored += sizes[index]
      request.events(.progress(.restore, done: restored, total: sizes.reduce(0, +), unit: .bytes))
    }
    // The store's shards are the restored ones, in the topology's order; questions to others find no owner.
    var topology = request.topology
    topology.shards = topology.shards.filter { shard in opened.contains { $0.name == shard.name } }
    let order = topology.shards.map(\.name)
    opened.sort { (order.firstIndex(of: $0.name) ?? .max) < (order.firstIndex(of: $1.name) ?? .max) }
    store = SQLiteStore(topology: topology, shards: opened)
    self.paths = paths
    facts = SandboxFacts(
      isolation: .folder,
      isolationDetail:
        "read-only copies in a private folder, opened in this process; SQLite is the one independent reader",
      server: "sqlite \(SQLiteEngine.version)", clockHeld: false,
      phases: phases + sums.map { PhaseTiming($0.0, elapsed: $0.1) })
    do {
      let proof = try await Self.proof(folder: folder, files: Array(paths.values))
      facts.proof = proof
      try proof.require(IsolationTrial.Kind.allCases.filter(request.requiredProof.contains))
    } catch {
      for shard in opened { await shard.close() }
      throw error
    }
  }

  /// No server of its own: what could be let out or kept in by one does not apply.
  private static func proof(folder: String, files: [String]) async throws -> IsolationProof {
    let tools = SandboxTools.found()
    var proof = IsolationProof(
      IsolationTrial.Kind.allCases.filter { $0 != .otherUser }.map {
        IsolationTrial($0, .notApplicable, "SQLite has no server: its files are read in this process")
      })
    proof.add(
      try await OtherUserTrial(folder: folder, files: files, socket: nil).trial(
        perl: tools.perl, setpriv: tools.setpriv))
    return proof
  }

  public func readRecords(
    shard: String, selection: RecordSelection, into handler: RecordHandler
  ) async throws -> ReadFacts {
    try await store.readRecords(shard, selection, into: handler)
  }

  public func withSession<R: Sendable>(_ body: (any StoreSession) async throws -> R) async throws -> R {
    try await withSQLiteSession(store.topology, paths: paths, access: .sealed, body)
  }

  private static func sizeBytes(_ path: String) -> UInt64 {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(max(0, status.st_size)) : 0
  }

  /// Closes and removes everything.
  func remove() async {
    for shard in store.shards { await shard.close() }
    try? FileManager.default.removeItem(atPath: folder)
  }
}

/// Opens connections of its own to `paths` (shard → file) for the time of `body`.
func withSQLiteSession<R: Sendable>(
  _ topology: Topology, paths: [String: String], access: SQLiteConnection.Access,
  _ body: (any StoreSession) async throws -> R
) async throws -> R {
  var shards: [SQLiteShard] = []
  func closeAll() async {
    for shard in shards { await shard.close() }
  }
  do {
    for name in topology.shards.map(\.name) {
      guard let path = paths[name] else { continue }
      let shard = SQLiteShard(name: name, path: path, access: access)
      shards.append(shard)
      do { try await shard.open() } catch let failure as SQLiteFailure { throw failure.liveError(name) }
    }
    let result = try await body(SQLiteSession(store: SQLiteStore(topology: topology, shards: shards)))
    await closeAll()
    return result
  } catch {
    await closeAll()
    throw error
  }
}
