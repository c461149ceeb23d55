internal import DrillModel
internal import Foundation
internal import Glibc

/// Servers that artifacts were restored into, one per shard; they live as long as the closure that they are handed to.
struct RedisSandbox: Sandbox, DirectStore {
  private(set) var facts: SandboxFacts
  let store: RedisStore
  /// What each server says that it is; never equal to a live node's.
  let runIDs: Set<String>
  /// Bytes that each shard's writes may add under load.
  let headroom: [String: UInt64]

  var shards: [String] { store.shards }

  func readRecords(shard: String, selection: RecordSelection, into handler: RecordHandler) async throws -> ReadFacts {
    try await store.readRecords(shard: shard, selection: selection, into: handler)
  }

  func withSession<R: Sendable>(_ body: (any StoreSession) async throws -> R) async throws -> R {
    try await store.withSession(body)
  }

  var answersDirectly: Bool { store.answersDirectly }

  func openDirectSession() throws -> any DirectSession { try store.openDirectSession() }

  /// Starts all servers at the same time, hands them to `body`, and ends them and removes their folders, however `body`
  /// ends.
  ///
  /// - Throws: see ``Engine/withSandbox(_:_:)``.
  static func with<R: Sendable>(
    _ request: SandboxRequest, tools: SandboxTools, _ body: (RedisSandbox) async throws -> R
  ) async throws -> R {
    let names = request.files.map(\.shard)
    guard !names.isEmpty, Set(names).count == names.count else {
      throw DrillError(
        .usage, stage: .restore, subject: "artifacts",
        detail: "a sandbox needs one artifact per shard, and at least one")
    }
    let programs = try await RedisServerProgram.choose(named: request.servers, for: request.files)
    if let missing = request.modules.first(where: { access($0, R_OK) != 0 }) {
      throw DrillError(
        .moduleMissing, stage: .restore, subject: missing,
        detail: "no such module can be read; see `modules` in the drill file")
    }
    var containment = await Containment.probe(tools)
    for case .unix(let path) in request.liveEndpoints { containment.hiddenSockets.append(path) }
    try containment.require(request.isolation)

    let folder = try makeFolder(below: request.folder)
    defer { SandboxSweep.remove(folder) }
    // Before there is any data in it.
    var proof = try await probe(containment, request, tools, folder: "\(folder)/p")
    try containment.require(request, proof, of: proof.trials.map(\.kind))
    var plans: [RedisShardServer.Plan] = []
    for (index, file) in request.files.enumerated() {
      guard let server = programs[file.shard] else { preconditionFailure("a shard without a program") }
      let own = "\(folder)/\(index)"
      try makeDirectory(own)
      plans.append(
        .init(
          file: file, folder: own, server: server, modules: request.modules, containment: containment,
          frozenClock: tools.frozenClock,
          clock: request.clock,
          memoryLimitBytes: request.memoryLimitBytes, loadTimeout: request.loadTimeout))
    }
    let servers = try await startAll(plans, events: request.events)
    do {
      for server in servers { proof.add(try await server.inspection.trials(perl: tools.perl, setpriv: tools.setpriv)) }
      try containment.require(request, proof, of: IsolationTrial.Kind.allCases)
      let result = try await body(RedisSandbox(servers, request, containment, proof, tools))
      await end(servers)
      return result
    } catch {
      await end(servers)
      throw error
    }
  }

  private init(
    _ servers: [RedisShardServer], _ request: SandboxRequest, _ containment: Containment, _ proof: IsolationProof,
    _ tools: SandboxTools
  ) {
    let clockHeld = servers.allSatisfy(\.info.clockHeld)
    var detail = containment.detail
    let isolation = proof.upheld(of: containment.isolation)
    if isolation < containment.isolation {
      detail += "; but \(proof.broken(containment.isolation).map(\.detail).joined(separator: ", and "))"
    }
    if !clockHeld {
      detail +=
        tools.frozenClock == nil
        ? "; libCFrozenClock.so was not found, so the clock runs" : "; the server's clock could not be held"
    }
    // Shards start together, so the restore takes as long as its slowest shard.
    let slowest =
      servers.map(\.phases).max { $0.reduce(0) { $0 + $1.elapsedMs } < $1.reduce(0) { $0 + $1.elapsedMs } } ?? []
    let whole = slowest.map { timing in
      var timing = timing
      timing.shard = nil
      return timing
    }
    facts = SandboxFacts(
      isolation: isolation, isolationDetail: detail,
      server: Set(servers.map(\.info.server)).sorted().joined(separator: ", "), clockHeld: clockHeld,
      phases: whole + servers.flatMap(\.phases))
    facts.proof = proof
    runIDs = Set(servers.map(\.info.runID))
    headroom = Dictionary(servers.map { ($0.shard, $0.headroomBytes) }) { first, _ in first }
    let owned = request.topology.shards.map(\.name)
    func place(_ server: RedisShardServer) -> Int { owned.firstIndex(of: server.shard) ?? owned.count }
    store = RedisStore(
      shards: servers.sorted { place($0) < place($1) }.map { server in
        RedisStore.Shard(
          name: server.shard, slots: request.topology.shard(named: server.shard)?.slots ?? SlotSet(),
          endpoint: server.endpoint,
          credentials: server.credentials)
      }, topology: request.topology, kind: .sandbox)
  }

  private static func probe(
    _ containment: Containment, _ request: SandboxRequest, _ tools: SandboxTools, folder: String
  ) async throws -> IsolationProof {
    try makeDirectory(folder)
    defer { SandboxSweep.remove(folder) }
    return try await IsolationProbe(
      containment: containment, perl: tools.perl, folder: folder, live: request.liveEndpoints,
      mayConnectToLive: request.mayConnectToLive
    ).trials()
  }

  /// Returns the servers in the plans' order; where one fails, the others are ended before this throws.
  private static func startAll(
    _ plans: [RedisShardServer.Plan], events: @escaping DrillEventHandler
  ) async throws -> [RedisShardServer] {
    let results = await withTaskGroup(of: (Int, Result<RedisShardServer, any Error>).self) { group in
      for (index, plan) in plans.enumerated() {
        group.addTask {
          do {
            return (index, .success(try await RedisShardServer.start(plan)))
          } catch {
            return (index, .failure(error))
          }
        }
      }
      var results: [(Int, Result<RedisShardServer, any Error>)] = []
      for await result in group {
        if case .failure = result.1 { group.cancelAll() }
        results.append(result)
        if case .success(let server) = result.1 { events(.note("shard \(server.shard) is restored")) }
      }
      return results
    }
    var servers: [RedisShardServer] = []
    var failures: [any Error] = []
    for (_, result) in results.sorted(by: { $0.0 < $1.0 }) {
      switch result {
      case .success(let server): servers.append(server)
      case .failure(let error): failures.append(error)
      }
    }
    if failures.isEmpty && !Task.isCancelled { return servers }
    await end(servers)
    try Task.checkCancellation()
    // What a shard's data did comes before what the others, cancelled, have to say.
    throw failures.first { $0 is RestoreRejected } ?? failures.first { !($0 is CancellationError) }
      ?? CancellationError()
  }

  private static func end(_ servers: [RedisShardServer]) async {
    for server in servers { await server.process.end() }
  }

  private static func makeFolder(below parent: String) throws -> String {
    // The shortest name that will do: a unix socket's path has little room.
    let name = "\(parent)/\(String(UInt16.random(in: .min ... .max), radix: 36))"
    try makeDirectory(name)
    return URL(fileURLWithPath: name).resolvingSymlinksInPath().path
  }

  private static func makeDirectory(_ path: String) throws {
    guard mkdir(path, 0o700) == 0 else {
      throw DrillError(
        .io, stage: .restore, subject: path,
        detail: "the sandbox's folder cannot be made: \(String(cString: strerror(errno)))")
    }
  }
}
