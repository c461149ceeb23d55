internal import DrillCrypto
internal import DrillModel
internal import Glibc
internal import Synchronization

/// One client of a store's servers that a thread of the caller's own drives: plain sockets, one write for a batch, and
/// digests taken from the bytes as they lie in the receive buffer.
///
/// Answers are those of ``RedisSession``: only what reads is sent, and writes only where the sandbox that opened it says
/// so.
final class RedisDirectSession: DirectSession, LoadSession {
  private let slots: [Int16]
  private let takesWrites: Bool
  private var links: [RedisLink]
  private let sockets: RedisSockets
  private var digester = RedisReplyDigester()
  private var plans: [Plan] = []
  private var forms = FormMemory()

  /// What a shard's link still has to answer, in its order.
  private struct Plan {
    var waiting: [(index: Int, form: RedisAnswer.Form)] = []
    var next = 0
    var isOpen: Bool { next < waiting.count }
  }

  /// Connects to every shard.
  ///
  /// - Parameter slots: for each slot the index of the shard that answers for it, −1 where there is none.
  /// - Throws: `DrillError` as ``RedisConnection`` does.
  init(_ shards: [RedisStore.Shard], slots: [Int16], takesWrites: Bool) throws {
    precondition(slots.count == Slot.count)
    self.slots = slots
    self.takesWrites = takesWrites
    var links: [RedisLink] = []
    do {
      for shard in shards { links.append(try RedisLink(shard)) }
    } catch {
      for link in links { link.close() }
      throw error
    }
    self.links = links
    sockets = RedisSockets(links.map(\.socket))
    plans = links.map { _ in Plan() }
  }

  func perform(
    _ operations: ArraySlice<Operation>, timeout: Duration, _ handler: (Int, RecordedAnswer, UInt64) -> Void
  ) {
    begin()
    for index in operations.indices { put(operations[index], index, handler) }
    finish(timeout, handler)
  }

  func perform(
    _ steps: ArraySlice<LoadStep>, timeout: Duration, _ handler: (Int, RecordedAnswer, UInt64) -> Void
  ) {
    begin()
    for index in steps.indices {
      switch steps[index] {
      case .ask(let operation): put(operation, index, handler)
      case .write(let write):
        guard takesWrites else {
          handler(index, RecordedAnswer(digest: nil, shape: "writes are not let in"), 0)
          continue
        }
        put(write.words, form: .plain, slot: write.slot, index, handler)
      }
    }
    finish(timeout, handler)
  }

  var interrupt: @Sendable () -> Void { { [sockets] in sockets.shutDown() } }

  func close() {
    sockets.forget()
    for link in links { link.close() }
    links = []
  }

  // MARK: A batch

  private func begin() {
    for index in plans.indices {
      plans[index].waiting.removeAll(keepingCapacity: true)
      plans[index].next = 0
    }
  }

  private func put(_ operation: Operation, _ index: Int, _ handler: (Int, RecordedAnswer, UInt64) -> Void) {
    guard case .command(let words) = operation.statement, let (sent, form) = forms.command(words) else {
      return handler(index, RecordedAnswer(digest: nil, shape: "not a command that only reads"), 0)
    }
    put(sent, form: form, slot: operation.slot, index, handler)
  }

  private func put(
    _ words: [[UInt8]], form: RedisAnswer.Form, slot: Slot, _ index: Int,
    _ handler: (Int, RecordedAnswer, UInt64) -> Void
  ) {
    let shard = Int(slots[Int(slot.rawValue)])
    guard shard >= 0 else {
      return handler(index, RecordedAnswer(digest: nil, shape: "the shard of its slot is not here"), 0)
    }
    links[shard].append(words)
    plans[shard].waiting.append((index, form))
  }

  private func finish(_ timeout: Duration, _ handler: (Int, RecordedAnswer, UInt64) -> Void) {
    let start = RedisLink.clock()
    let (seconds, attoseconds) = timeout.components
    let deadline = start + UInt64(max(seconds, 0)) * 1_000_000_000 + UInt64(max(attoseconds, 0)) / 1_000_000_000
    for shard in links.indices where plans[shard].isOpen { links[shard].send(until: deadline) }
    if links.count == 1 {
      while plans[0].isOpen, links[0].failure == nil { read(0, start: start, until: deadline, handler) }
    }
    while links.count > 1 {
      let open = plans.indices.filter { plans[$0].isOpen && links[$0].failure == nil }
      guard !open.isEmpty else { break }
      let ready = open.count == 1 ? open : RedisLink.ready(open, of: links, until: deadline)
      guard !ready.isEmpty else {
        for shard in open { links[shard].fail(.timedOut) }
        break
      }
      for shard in ready { read(shard, start: start, until: deadline, handler) }
    }
    for shard in plans.indices where plans[shard].isOpen {
      let reason = (links[shard].failure ?? .unreachable).rawValue
      for (index, _) in plans[shard].waiting[plans[shard].next...] {
        handler(index, RecordedAnswer(digest: nil, shape: reason), 0)
      }
    }
  }

  private func read(
    _ shard: Int, start: UInt64, until deadline: UInt64, _ handler: (Int, RecordedAnswer, UInt64) -> Void
  ) {
    guard links[shard].receive(until: deadline) else { return }
    let elapsed = RedisLink.clock() - start
    do {
      while plans[shard].isOpen, let extent = try links[shard].nextReply() {
        let (index, form) = plans[shard].waiting[plans[shard].next]
        plans[shard].next += 1
        let answer = try links[shard].bytes(of: extent) { try digester.answer($0, form) }
        handler(index, answer, elapsed)
      }
      links[shard].discardRead()
    } catch {
      links[shard].fail(.protocolViolation)
    }
  }

  /// Commands come in long runs of the same few; their names are not looked up again each time.
  private struct FormMemory {
    private var known: [(name: [UInt8], form: RedisAnswer.Form)] = []

    mutating func command(_ words: [[UInt8]]) -> (words: [[UInt8]], form: RedisAnswer.Form)? {
      guard let name = words.first else { return nil }
      if let hit = known.first(where: { $0.name == name }) { return (words, hit.form) }
      guard let (sent, form) = RedisAnswer.command(words) else { return nil }
      // What depends on more than the name, or is sent as something else, is looked at each time.
      if sent[0] == name, name.first.map({ $0 | 0x20 }) != UInt8(ascii: "z"), known.count < 8 {
        known.append((name, form))
      }
      return (sent, form)
    }
  }
}

/// The sockets of a session, for who wants to interrupt it from another thread.
private final class RedisSockets: Sendable {
  private let open: Mutex<[Int32]>

  init(_ sockets: [Int32]) { open = Mutex(sockets) }

  func shutDown() { open.withLock { for socket in $0 { shutdown(socket, Int32(SHUT_RDWR)) } } }

  /// Before they are closed: nobody may shut down a number that somebody else has been given since.
  func forget() { open.withLock { $0 = [] } }
}
