/// Streams and their groups. Source: redis 7.0 src/t_stream.c.
extension AOFCommandTable {
  static var streamCommands: [String: Entry] {
    [
      "XADD": Entry(keys: .first, apply: addEntry, words: 5),
      "XDEL": Entry(
        keys: .first,
        apply: { command, store in
          let ids = try (2..<command.count).map { try id(command[$0]) }
          guard let stream = try store.stream(command.array(1)) else { return }
          for id in ids { stream.remove(id) }
        }, words: 3),
      "XTRIM": Entry(
        keys: .first,
        apply: { command, store in
          var index = 2
          let trim = try trimming(command, &index)
          guard let trim, index == command.count else { throw AOFInterpreter.Refused() }
          if let stream = try store.stream(command.array(1)) { trim(stream) }
        }, words: 4),
      "XSETID": Entry(
        keys: .first,
        apply: { command, store in
          let id = try id(command[2])
          guard let stream = try store.stream(command.array(1)) else { throw AOFInterpreter.Refused() }
          if let last = stream.entries.last, id < last.id { throw AOFInterpreter.Refused() }
          stream.lastID = id
        }, words: 3),
      "XACK": Entry(
        keys: .first,
        apply: { command, store in
          let ids = try (3..<command.count).map { try id(command[$0]) }
          guard let stream = try store.stream(command.array(1)) else { return }
          for id in ids { stream.groups[command.array(2)]?.pending[id] = nil }
        }, words: 4),
      "XGROUP": Entry(keys: .words([2]), apply: changeGroup, words: 4),
      "XCLAIM": Entry(keys: .first, apply: claim, words: 6),
    ]
  }

  /// `<ms>-<seq>`, or `<ms>` alone. Source: redis 7.0 src/t_stream.c `streamGenericParseIDOrReply`.
  private static func id(_ word: some Collection<UInt8>, sequence: UInt64 = 0) throws -> StreamID {
    let parts = word.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
    let numbers = parts.map { part in
      part.isEmpty || !part.allSatisfy { (0x30...0x39).contains($0) }
        ? nil : UInt64(String(decoding: part, as: UTF8.self))
    }
    guard let first = numbers.first, let milliseconds = first else { throw AOFInterpreter.Refused() }
    guard numbers.count == 2 else { return StreamID(milliseconds: milliseconds, sequence: sequence) }
    guard let sequence = numbers[1] else { throw AOFInterpreter.Refused() }
    return StreamID(milliseconds: milliseconds, sequence: sequence)
  }

  /// Takes `MAXLEN` or `MINID` with what belongs to it; nil where something else stands there.
  ///
  /// A server writes how far it trimmed, never `~`. Source: redis 7.0 src/t_stream.c `streamRewriteTrimArgument`.
  private static func trimming(_ command: AOFCommand, _ index: inout Int) throws -> ((AOFStream) -> Void)? {
    let name = command.keyword(index)
    guard name == "MAXLEN" || name == "MINID" else { return nil }
    index += 1
    guard index < command.count else { throw AOFInterpreter.Refused() }
    if command.keyword(index) == "~" { throw AOFInterpreter.NotModelled() }
    if command.keyword(index) == "=" { index += 1 }
    guard index < command.count else { throw AOFInterpreter.Refused() }
    defer { index += 1 }
    if name == "MAXLEN" {
      let count = try number(command, index)
      guard count >= 0 else { throw AOFInterpreter.Refused() }
      return { stream in if stream.count > count { stream.removeFirst(stream.count - Int(count)) } }
    }
    let least = try id(command[index])
    return { $0.removeAll(before: least) }
  }

  private static func addEntry(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    var index = 2
    var makes = true
    var trim: ((AOFStream) -> Void)?
    while index < command.count {
      if command.keyword(index) == "NOMKSTREAM" {
        makes = false
        index += 1
      } else if ["KEEPREF", "DELREF", "ACKED"].contains(command.keyword(index)) {
        // How trimming treats references, since 8.2.
        throw AOFInterpreter.NotModelled()
      } else if let found = try trimming(command, &index) {
        trim = found
      } else {
        break
      }
    }
    guard index < command.count else { throw AOFInterpreter.Refused() }
    // An id without its sequence would be completed from what the stream holds; a server writes whole ones.
    guard command[index].last != UInt8(ascii: "*") else { throw AOFInterpreter.NotModelled() }
    let id = try id(command[index])
    let words = command.arrays(index + 1..<command.count)
    guard !words.isEmpty, words.count.isMultiple(of: 2) else { throw AOFInterpreter.Refused() }
    let existing = try store.stream(command.array(1))
    guard existing != nil || makes else { return }
    guard id > existing?.lastID ?? StreamID(milliseconds: 0, sequence: 0) else { throw AOFInterpreter.Refused() }
    let stream = existing ?? AOFStream()
    if existing == nil { store.put(command.array(1), .stream(stream)) }
    stream.append(.init(id: id, words: words))
    stream.lastID = id
    trim?(stream)
  }

  private static func changeGroup(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    let action = command.keyword(1)
    let group = command.array(3)
    var makes = false
    if action == "CREATE" || action == "SETID" {
      var index = 5
      while index < command.count {
        if action == "CREATE", command.keyword(index) == "MKSTREAM" {
          makes = true
          index += 1
        } else if command.keyword(index) == "ENTRIESREAD", index + 1 < command.count {
          index += 2
        } else {
          throw AOFInterpreter.Refused()
        }
      }
    }
    let existing = try store.stream(command.array(2))
    guard existing != nil || makes else { throw AOFInterpreter.Refused() }
    func word(_ index: Int) throws -> UnsafeRawBufferPointer {
      guard index < command.count else { throw AOFInterpreter.Refused() }
      return command[index]
    }
    func position() throws -> StreamID {
      if try word(4).elementsEqual("$".utf8) { return existing?.lastID ?? StreamID(milliseconds: 0, sequence: 0) }
      return try id(word(4))
    }
    switch action {
    case "CREATE":
      let position = try position()
      let stream = existing ?? AOFStream()
      if existing == nil { store.put(command.array(2), .stream(stream)) }
      guard stream.groups[group] == nil else { throw AOFInterpreter.Refused() }
      stream.groups[group] = .init(lastDelivered: position)
    case "DESTROY": existing?.groups[group] = nil
    case "SETID":
      guard existing?.groups[group] != nil else { throw AOFInterpreter.Refused() }
      existing?.groups[group]?.lastDelivered = try position()
    case "CREATECONSUMER":
      guard existing?.groups[group] != nil else { throw AOFInterpreter.Refused() }
      let consumer = Array(try word(4))
      existing?.groups[group]?.consumers.insert(consumer)
    case "DELCONSUMER":
      guard var changed = existing?.groups[group] else { throw AOFInterpreter.Refused() }
      let consumer = Array(try word(4))
      guard changed.consumers.remove(consumer) != nil else { return }
      changed.pending = changed.pending.filter { $0.value.consumer != consumer }
      existing?.groups[group] = changed
    default: throw AOFInterpreter.Refused()
    }
  }

  private static func claim(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    guard let stream = try store.stream(command.array(1)), stream.groups[command.array(2)] != nil else {
      throw AOFInterpreter.Refused()
    }
    // A claim that depends on how long an entry was idle, or on the time of loading, is written as what came of it.
    guard try number(command, 4) <= 0 else { throw AOFInterpreter.NotModelled() }
    var ids: [StreamID] = []
    var index = 5
    while index < command.count, let id = try? id(command[index]) {
      ids.append(id)
      index += 1
    }
    var (isForced, countsNothing) = (false, false)
    var time: Int64?
    var deliveries: Int64?
    var last: StreamID?
    while index < command.count {
      let hasMore = index + 1 < command.count
      switch command.keyword(index) {
      case "FORCE": isForced = true
      case "JUSTID": countsNothing = true
      case "TIME" where hasMore:
        time = try number(command, index + 1)
        index += 1
      case "RETRYCOUNT" where hasMore:
        deliveries = try number(command, index + 1)
        index += 1
      case "LASTID" where hasMore:
        last = try id(command[index + 1])
        index += 1
      case "IDLE": throw AOFInterpreter.NotModelled()
      default: throw AOFInterpreter.Refused()
      }
      index += 1
    }
    guard let time, time >= 0 else { throw AOFInterpreter.NotModelled() }
    let group = command.array(2)
    let consumer = command.array(3)
    // Looked up anew each time: a copy that is held would make each change copy all of it.
    func pending(_ id: StreamID) -> AOFStream.Pending? { stream.groups[group]?.pending[id] }
    if !store.isSince7, ids.contains(where: { pending($0) != nil && !stream.contains($0) }) {
      throw AOFInterpreter.NotModelled()
    }
    if let last, let delivered = stream.groups[group]?.lastDelivered, last > delivered {
      stream.groups[group]?.lastDelivered = last
    }
    for id in ids {
      guard stream.contains(id) else {
        stream.groups[group]?.pending[id] = nil
        continue
      }
      let old = pending(id)
      guard isForced || old != nil else { continue }
      var counted = old?.deliveries ?? 1
      if let deliveries, deliveries >= 0 { counted = deliveries } else if !countsNothing { counted += 1 }
      stream.groups[group]?.consumers.insert(consumer)
      stream.groups[group]?.pending[id] = .init(consumer: consumer, time: time, deliveries: counted)
    }
  }
}
