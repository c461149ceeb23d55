internal import DrillModel

/// Strings. Source: redis 7.0 src/t_string.c.
extension AOFCommandTable {
  /// Longest string. Source: redis 7.0 redis.conf, `proto-max-bulk-len`; src/t_string.c `checkStringLength`.
  static let stringLimit = 512 << 20

  static var stringCommands: [String: Entry] {
    [
      "SET": Entry(keys: .first, apply: set, words: 3),
      "SETNX": Entry(
        keys: .first,
        apply: { command, store in
          if try store.entry(command.array(1)) == nil {
            store.put(command.array(1), .string(AOFString(command.array(2))))
          }
        }, words: 3),
      "GETSET": Entry(
        keys: .first,
        apply: { command, store in
          _ = try store.string(command.array(1))
          store.put(command.array(1), .string(AOFString(command.array(2))))
        }, words: 3),
      "GETDEL": Entry(
        keys: .first,
        apply: { command, store in
          if try store.string(command.array(1)) != nil { store.remove(command.array(1)) }
        }),
      "GETEX": Entry(keys: .first, apply: getAndExpire),
      "MSET": Entry(
        keys: .every(2),
        apply: { command, store in
          guard !command.count.isMultiple(of: 2) else { throw AOFInterpreter.Refused() }
          for index in stride(from: 1, to: command.count, by: 2) {
            store.put(command.array(index), .string(AOFString(command.array(index + 1))))
          }
        }, words: 3),
      "MSETNX": Entry(
        keys: .every(2),
        apply: { command, store in
          guard !command.count.isMultiple(of: 2) else { throw AOFInterpreter.Refused() }
          let places = stride(from: 1, to: command.count, by: 2)
          for index in places where try store.entry(command.array(index)) != nil { return }
          for index in places { store.put(command.array(index), .string(AOFString(command.array(index + 1)))) }
        }, words: 3),
      "APPEND": Entry(
        keys: .first,
        apply: { command, store in
          guard let value = try store.string(command.array(1)) else {
            return store.put(command.array(1), .string(AOFString(command.array(2))))
          }
          guard value.bytes.count + command[2].count <= stringLimit else { throw AOFInterpreter.Refused() }
          value.bytes += command[2]
        }, words: 3),
      "SETRANGE": Entry(keys: .first, apply: setRange, words: 4),
      "INCR": Entry(keys: .first, apply: { try add(1, $0, $1) }),
      "DECR": Entry(keys: .first, apply: { try add(-1, $0, $1) }),
      "INCRBY": Entry(keys: .first, apply: { try add(number($0, 2), $0, $1) }, words: 3),
      "DECRBY": Entry(
        keys: .first,
        apply: { command, store in
          let number = try number(command, 2)
          guard number != .min else { throw AOFInterpreter.Refused() }
          try add(-number, command, store)
        }, words: 3),
    ]
  }

  static func number(_ command: AOFCommand, _ index: Int) throws -> Int64 {
    guard index < command.count, let number = command.integer(index) else { throw AOFInterpreter.Refused() }
    return number
  }

  /// An absolute time in milliseconds, from a word in seconds or milliseconds.
  static func time(_ command: AOFCommand, _ index: Int, isSeconds: Bool) throws -> Int64 {
    let (time, isOver) = try number(command, index).multipliedReportingOverflow(by: isSeconds ? 1000 : 1)
    guard !isOver else { throw AOFInterpreter.Refused() }
    return time
  }

  private static func set(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    var expiry = RecordBatch.noExpiry
    var (keeps, onlyNew, onlyOld, gets) = (false, false, false, false)
    var index = 3
    while index < command.count {
      switch command.keyword(index) {
      case "NX": onlyNew = true
      case "XX": onlyOld = true
      case "GET": gets = true
      case "KEEPTTL": keeps = true
      case "PXAT", "EXAT":
        expiry = try time(command, index + 1, isSeconds: command.keyword(index) == "EXAT")
        index += 1
      // Relative times and conditions on the value, which a server writes as what came of them.
      default: throw AOFInterpreter.NotModelled()
      }
      index += 1
    }
    let key = command.array(1)
    if keeps || onlyNew || onlyOld || gets {
      let old = try store.entry(key)
      if gets { _ = try store.string(key) }
      if onlyNew && old != nil || onlyOld && old == nil { return }
      if keeps, let old { expiry = old.expiry }
    }
    store.put(key, .string(AOFString(command.array(2))), expiry: expiry)
  }

  private static func getAndExpire(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    guard try store.string(command.array(1)) != nil, let entry = try store.entry(command.array(1)) else { return }
    guard command.count > 2 else { return }
    switch command.keyword(2) {
    case "PERSIST": entry.expiry = RecordBatch.noExpiry
    case "PXAT": entry.expiry = try time(command, 3, isSeconds: false)
    case "EXAT": entry.expiry = try time(command, 3, isSeconds: true)
    default: throw AOFInterpreter.NotModelled()
    }
  }

  private static func setRange(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    let offset = try number(command, 2)
    guard offset >= 0 else { throw AOFInterpreter.Refused() }
    let existing = try store.string(command.array(1))
    let part = command[3]
    guard !part.isEmpty else { return }
    let (end, isOver) = Int(offset).addingReportingOverflow(part.count)
    guard !isOver, end <= stringLimit else { throw AOFInterpreter.Refused() }
    try store.make(end - (existing?.bytes.count ?? 0))
    let value = existing ?? AOFString([])
    if existing == nil { store.put(command.array(1), .string(value)) }
    if value.bytes.count < end { value.bytes += [UInt8](repeating: 0, count: end - value.bytes.count) }
    value.bytes.replaceSubrange(Int(offset)..<end, with: part)
  }

  private static func add(_ number: Int64, _ command: AOFCommand, _ store: AOFInterpreter) throws {
    let value = try store.string(command.array(1))
    guard let old = value.map({ AOFNumber.integer($0.bytes) }) ?? 0 else { throw AOFInterpreter.Refused() }
    let (sum, isOver) = old.addingReportingOverflow(number)
    guard !isOver else { throw AOFInterpreter.Refused() }
    if let value {
      value.bytes = Array(String(sum).utf8)
    } else {
      store.put(command.array(1), .string(AOFString(Array(String(sum).utf8))))
    }
  }
}
