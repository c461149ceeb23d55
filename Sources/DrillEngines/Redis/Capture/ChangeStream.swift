internal import DrillModel

/// Turns the bytes of a replication stream into entries of a change log, counting offsets as the server does.
struct ChangeStream {
  private var parser = RESPParser(limits: RESPLimits(replyBytes: 1 << 30), skipsLineBreaks: true)
  private var rest: [UInt8] = []
  private var database: UInt32?
  /// The offset after the last whole command.
  private(set) var offset: UInt64
  /// Entries whole so far, in their bytes; the caller takes them.
  private(set) var pending: [UInt8] = []
  private(set) var isWhole = true
  private var reached: UInt64

  /// - Parameters:
  ///   - after: the offset of the cut.
  ///   - database: the one that the stream's first commands are meant for; nil: not known until it selects one.
  init(after offset: UInt64, database: UInt32?) {
    self.offset = offset
    self.database = database
    reached = offset
  }

  /// Takes the stream's next bytes.
  ///
  /// - Throws: ``RESPParser/Violation``: the bytes are no replication stream.
  mutating func take(_ bytes: [UInt8]) throws {
    var input = rest
    input.append(contentsOf: bytes)
    var commands: [[[UInt8]]] = []
    let used = try input.withUnsafeBytes { buffer in
      try parser.feed(buffer) { value in
        let words = value.array?.compactMap(\.bytes) ?? []
        guard let members = value.array, words.count == members.count, !words.isEmpty else {
          throw RESPParser.Violation(detail: "not a command")
        }
        commands.append(words)
      }
    }
    rest = Array(input[used...])
    for command in commands { take(command) }
    if offset > reached, isWhole { record(.reached(offset: offset)) }
  }

  mutating func takePending() -> [UInt8] {
    defer { pending.removeAll(keepingCapacity: true) }
    return pending
  }

  private mutating func take(_ command: [[UInt8]]) {
    offset += UInt64(RESPEncoder.size(command))
    guard isWhole else { return }
    switch WriteEffect(command) {
    case .nothing: break
    case .select(let database): self.database = database
    case .keys(let keys): record(.keys(keys, database: database, offset: offset))
    case .across(let source, let target, let into):
      if let source { record(.keys([source], database: database, offset: offset)) }
      record(.keys([target], database: into, offset: offset))
    case .database: record(.database(database, offset: offset))
    case .databases(let databases): for database in databases { record(.database(database, offset: offset)) }
    case .everything: record(.database(nil, offset: offset))
    case .libraries: record(.libraries(offset: offset))
    case .unknown:
      let name = String(decoding: (command.first ?? []).prefix(32).filter { (0x21...0x7E).contains($0) }, as: UTF8.self)
      isWhole = false
      ChangeEntry.notWhole(offset: reached, reason: "the keys of \(name) are not known").append(to: &pending)
    }
  }

  private mutating func record(_ entry: ChangeEntry) {
    entry.append(to: &pending)
    reached = entry.offset
  }
}
