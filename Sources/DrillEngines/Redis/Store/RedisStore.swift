public import DrillModel

/// Servers that together hold a store, read and asked through their own commands; sandbox and live alike. Sends nothing
/// that writes.
public struct RedisStore: Store, DirectStore {
  public struct Shard: Sendable {
    public var name: String
    /// The slots that it owns.
    public var slots: SlotSet
    public var endpoint: Endpoint
    public var credentials: RedisCredentials
    /// A replica in a cluster answers reads only after `READONLY`.
    public var isReplica: Bool

    public init(
      name: String, slots: SlotSet, endpoint: Endpoint, credentials: RedisCredentials = .none, isReplica: Bool = false
    ) {
      self.name = name
      self.slots = slots
      self.endpoint = endpoint
      self.credentials = credentials
      self.isReplica = isReplica
    }
  }

  public enum Kind: Hashable, Sendable {
    /// Lone servers that hold a cluster's shards: each answers for every key that it holds, whatever the topology says.
    case sandbox
    /// Production's own servers: read at a bounded rate, less when they grow slow.
    case live
  }

  let topology: Topology
  let kind: Kind
  let members: [Shard]
  let pacers: [String: ReadPacer]
  /// Whether a live store is asked as fast as the one who asks wants.
  private let isUnpaced: Bool

  /// - Parameters:
  ///   - shards: in the topology's order; not every shard of the topology has to be there.
  ///   - readRate: most commands a second for each live server; nil: no limit but the one that its latency sets. A sandbox has none.
  ///   - isUnpaced: whether a live store is asked without any limit: for a load that somebody wants to put on it.
  public init(shards: [Shard], topology: Topology, kind: Kind, readRate: Int? = nil, isUnpaced: Bool = false) {
    self.topology = topology
    self.kind = kind
    members = shards
    self.isUnpaced = isUnpaced
    pacers =
      kind == .live && !isUnpaced
      ? Dictionary(shards.map { ($0.name, ReadPacer(readsPerSecond: readRate)) }) { first, _ in first } : [:]
  }

  /// A live store, whose servers all take the same credentials.
  public init(
    shards: [(name: String, slots: SlotSet, endpoint: Endpoint)], topology: Topology,
    credentials: RedisCredentials = .none,
    readRate: Int? = nil
  ) {
    self.init(
      shards: shards.map { Shard(name: $0.name, slots: $0.slots, endpoint: $0.endpoint, credentials: credentials) },
      topology: topology, kind: .live, readRate: readRate)
  }

  public var shards: [String] { members.map(\.name) }

  /// Reads one shard with `SCAN` and each type's own commands, all databases, function libraries first.
  ///
  /// What the canonical form calls *pieces* comes as it is read; memory is bounded by what one element needs, not by
  /// the size of a value or of the store. `SCAN` may name a key twice: it is handed on once. The facts count all
  /// records whatever the selection; values of modules cannot be read through commands, and are only counted, as
  /// opaque. A server that counts other than what was seen has moved.
  ///
  /// - Throws: `DrillError`: `store-moved`, `unreachable`, `timed-out`, `authentication-failed`, `permission-denied`;
  ///   what `handler` throws.
  public func readRecords(
    shard: String, selection: RecordSelection, into handler: RecordHandler
  ) async throws -> ReadFacts {
    guard let member = members.first(where: { $0.name == shard }) else {
      throw DrillError(.usage, subject: shard, detail: "no such shard in this store")
    }
    let connection = try await RedisStore.connect(member)
    do {
      var reader = RedisShardReader(
        source: RedisReadSource(
          connection: connection, shard: shard, pacer: pacers[shard], isReceiving: isReceiving(member)),
        isLive: kind == .live)
      let facts = try await reader.read(selection: selection, into: handler)
      await connection.close()
      return facts
    } catch {
      await connection.close()
      throw error
    }
  }

  public func withSession<R: Sendable>(_ body: (any StoreSession) async throws -> R) async throws -> R {
    let session = RedisSession(shards: members, topology: topology, kind: kind, pacers: pacers)
    do {
      try await session.open()
      let result = try await body(session)
      await session.close()
      return result
    } catch {
      await session.close()
      throw error
    }
  }

  /// Not for a live store whose reads are held to a rate or whose servers speak TLS, nor where a slot's records may lie
  /// in two shards: then more than one server has to be asked who answers.
  public var answersDirectly: Bool {
    (kind == .sandbox || isUnpaced) && members.allSatisfy { $0.credentials.tls == nil } && slotTable != nil
  }

  public func openDirectSession() throws -> any DirectSession {
    guard answersDirectly, let slots = slotTable else { preconditionFailure("this store does not answer directly") }
    return try RedisDirectSession(members, slots: slots, takesWrites: false)
  }

  /// For each slot the index of the one shard that answers for it, −1 where it is not here; nil where that is not known
  /// from the topology alone.
  var slotTable: [Int16]? {
    guard topology.mapsSlots || topology.shards.count == 1, topology.moves.isEmpty, members.count <= Int(Int16.max)
    else { return nil }
    var table = [Int16](repeating: -1, count: Slot.count)
    for (index, member) in members.enumerated().reversed() {
      for slot in 0..<Slot.count where member.slots.contains(Slot(slot)) { table[slot] = Int16(index) }
    }
    return table
  }

  /// Whether slots are on their way to a live master.
  func isReceiving(_ member: Shard) -> Bool {
    kind == .live && !member.isReplica && topology.moves.contains { $0.target == member.name }
  }

  static func connect(_ shard: Shard) async throws -> RedisConnection {
    let connection = try await RedisConnection.connect(shard.endpoint, shard.credentials)
    do {
      // A replica outside of a cluster has no such command, and needs none.
      if shard.isReplica { _ = try await connection.send([.word("READONLY")]) }
      return connection
    } catch {
      await connection.close()
      throw error
    }
  }
}
