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
  /// The database in which each link's next command will be answered; nil where that is not known.
  private var databases: [Int?]
  private let sockets: RedisSockets
  private var digester = RedisReplyDigester()
  /// The batch that is waited for, and the one that is sent ahead of its time, if any.
  private var batch: Batch
  private var ahead: Batch
  private var forms = FormMemory()

  /// What was put to the shards.
  private struct Batch {
    var range = 0..<0
    /// Nanoseconds of the monotonic clock at which it was sent.
    var sentAt: UInt64 = 0
    var plans: [Plan]
    /// What was not put to any shard, and why.
    var refused: [(index: Int, reason: String)] = []

    mutating func begin(_ range: Range<Int>) {
      self.range = range
      refused.removeAll(keepingCapacity: true)
      for index in plans.indices { plans[index].begin() }
    }
  }

  /// What a shard's link has to answer, in its order.
  private struct Plan {
    /// The index of what was asked; nil for a `SELECT` in between.
    var waiting: [(index: Int?, form: RedisAnswer.Form)] = []
    /// The replies that came: their places in the link's buffer, and nanoseconds since sending.
    var replies: [(place: Range<Int>, elapsed: UInt64)] = []
    /// Of ``waiting``, those that were handed on.
    var done = 0
    var isOpen: Bool { done + replies.count < waiting.count }

    mutating func begin() {
      waiting.removeAll(keepingCapacity: true)
      replies.removeAll(keepingCapacity: true)
      done = 0
    }
  }

  /// Replies are held until the last of a batch is there, but never more of them than this.
  private static let mostHeld = 4 << 20

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
    databases = links.map { _ in 0 }
    sockets = RedisSockets(links.map(\.socket))
    batch = Batch(plans: links.map { _ in Plan() })
    ahead = batch
  }

  func perform(
    _ operations: ArraySlice<Operation>, next: ArraySlice<Operation>, timeout: Duration,
    _ handler: (Int, RecordedAnswer, UInt64) -> Void
  ) {
    if ahead.range == operations.indices, !operations.isEmpty {
      swap(&batch, &ahead)
    } else {
      precondition(ahead.range.isEmpty, "what was announced as next is put next")
      batch.begin(operations.indices)
      for index in operations.indices { put(operations[index], index, &batch) }
      batch.sentAt = RedisLink.clock()
      send(timeout)
    }
    // Encoded while the servers work.
    ahead.begin(next.indices)
    for index in next.indices { put(next[index], index, &ahead) }
    finish(timeout, handler)
  }

  func perform(
    _ steps: ArraySlice<LoadStep>, timeout: Duration, _ handler: (Int, RecordedAnswer, UInt64) -> Void
  ) {
    batch.begin(steps.indices)
    ahead.begin(0..<0)
    for index in steps.indices {
      switch steps[index] {
      case .ask(let operation): put(operation, index, &batch)
      case .write(let write):
        if takesWrites {
          put(write.words, form: .plain, slot: write.slot, database: 0, index, &batch)
        } else {
          batch.refused.append((index, "writes are not let in"))
        }
      }
    }
    batch.sentAt = RedisLink.clock()
    send(timeout)
    finish(timeout, handler)
  }

  var interrupt: @Sendable () -> Void { { [sockets] in sockets.shutDown() } }

  func close() {
    sockets.forget()
    for link in links { link.close() }
    links = []
  }

  // MARK: A batch

  private func put(_ operation: Operation, _ index: Int, _ batch: inout Batch) {
    guard case .command(let words) = operation.statement, let (sent, form) = forms.command(words) else {
      return batch.refused.append((index, "not a command that only reads"))
    }
    guard let database = RedisSession.database(operation.namespace) else {
      return batch.refused.append((index, "no such database"))
    }
    put(sent, form: form, slot: operation.slot, database: database, index, &batch)
  }

  private func put(
    _ words: [[UInt8]], form: RedisAnswer.Form, slot: Slot, database: Int, _ index: Int, _ batch: inout Batch
  ) {
    let shard = Int(slots[Int(slot.rawValue)])
    guard shard >= 0 else { return batch.refused.append((index, "the shard of its slot is not here")) }
    if databases[shard] != database {
      links[shard].append([.word("SELECT"), .word(database)])
      batch.plans[shard].waiting.append((nil, .plain))
      databases[shard] = database
    }
    links[shard].append(words)
    batch.plans[shard].waiting.append((index, form))
  }

  private static func deadline(_ timeout: Duration, from start: UInt64) -> UInt64 {
    let (seconds, attoseconds) = timeout.components
    return start + UInt64(max(seconds, 0)) * 1_000_000_000 + UInt64(max(attoseconds, 0)) / 1_000_000_000
  }

  private func send(_ timeout: Duration) {
    let deadline = RedisDirectSession.deadline(timeout, from: batch.sentAt)
    for shard in links.indices where !links[shard].isEmpty { links[shard].send(until: deadline) }
  }

  private func finish(_ timeout: Duration, _ handler: (Int, RecordedAnswer, UInt64) -> Void) {
    let deadline = RedisDirectSession.deadline(timeout, from: max(batch.sentAt, RedisLink.clock()))
    if links.count == 1 {
      while batch.plans[0].isOpen, links[0].failure == nil { read(0, until: deadline, handler) }
    }
    while links.count > 1 {
      let open = links.indices.filter { batch.plans[$0].isOpen && links[$0].failure == nil }
      guard !open.isEmpty else { break }
      let ready = open.count == 1 ? open : RedisLink.ready(open, of: links, until: deadline)
      guard !ready.isEmpty else {
        for shard in open { links[shard].fail(.timedOut) }
        break
      }
      for shard in ready { read(shard, until: deadline, handler) }
    }
    sendAhead(timeout)
    for shard in links.indices {
      handOn(shard, handler)
      let reason = (links[shard].failure ?? .unreachable).rawValue
      for case (let index?, _) in batch.plans[shard].waiting[batch.plans[shard].done...] {
        handler(index, RecordedAnswer(digest: nil, shape: reason), 0)
      }
    }
    for (index, reason) in batch.refused { handler(index, RecordedAnswer(digest: nil, shape: reason), 0) }
  }

  /// Lets the servers work on the next batch while the answers to this one are worked out; not where any of them failed.
  private func sendAhead(_ timeout: Duration) {
    guard !ahead.range.isEmpty else { return }
    guard links.allSatisfy({ $0.failure == nil }) else {
      ahead.begin(0..<0)
      for shard in links.indices {
        links[shard].dropUnsent()
        databases[shard] = nil
      }
      return
    }
    ahead.sentAt = RedisLink.clock()
    let deadline = RedisDirectSession.deadline(timeout, from: ahead.sentAt)
    for shard in links.indices where !links[shard].isEmpty { links[shard].send(until: deadline) }
  }

  private func read(_ shard: Int, until deadline: UInt64, _ handler: (Int, RecordedAnswer, UInt64) -> Void) {
    guard links[shard].receive(until: deadline) else { return }
    let elapsed = RedisLink.clock() - batch.sentAt
    do {
      while batch.plans[shard].isOpen, let place = try links[shard].nextReply() {
        batch.plans[shard].replies.append((place, elapsed))
      }
    } catch {
      links[shard].fail(.protocolViolation)
    }
    if links[shard].found > RedisDirectSession.mostHeld { handOn(shard, handler) }
  }

  /// Works out the answers to the replies that came, and lets go of their bytes.
  private func handOn(_ shard: Int, _ handler: (Int, RecordedAnswer, UInt64) -> Void) {
    for (place, elapsed) in batch.plans[shard].replies {
      let (index, form) = batch.plans[shard].waiting[batch.plans[shard].done]
      do {
        guard let index else {
          // After a refused SELECT, what follows would be answered from another database.
          guard links[shard].bytes(of: place, { $0.first == UInt8(ascii: "+") }) else {
            links[shard].fail(.serverFailed)
            break
          }
          batch.plans[shard].done += 1
          continue
        }
        handler(index, try links[shard].bytes(of: place) { try digester.answer($0, form) }, elapsed)
      } catch {
        links[shard].fail(.protocolViolation)
        break
      }
      batch.plans[shard].done += 1
    }
    batch.plans[shard].replies.removeAll(keepingCapacity: true)
    links[shard].dropFound()
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
