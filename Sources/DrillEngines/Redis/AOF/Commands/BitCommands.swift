/// Bits of strings. Source: redis 7.0 src/bitops.c.
extension AOFCommandTable {
  static var bitCommands: [String: Entry] {
    [
      "SETBIT": Entry(
        keys: .first,
        apply: { command, store in
          guard let value = command.integer(3), (0...1).contains(value) else { throw AOFInterpreter.Refused() }
          let offset = try bitOffset(command[2], width: 0)
          let string = try string(command.array(1), reaching: offset, store)
          string.setBits(UInt64(value), at: offset, count: 1)
        }, words: 4),
      "BITFIELD": Entry(keys: .first, apply: bitField),
      "BITOP": Entry(keys: .target(2, sourcesFrom: 3), apply: combine, words: 4),
    ]
  }

  /// `#n` counts in fields of that width. Source: redis 7.0 src/bitops.c `getBitOffsetFromArgument`.
  private static func bitOffset(_ word: UnsafeRawBufferPointer, width: Int) throws -> Int {
    let isCounted = width > 0 && word.first == UInt8(ascii: "#")
    guard let number = AOFNumber.integer(word.dropFirst(isCounted ? 1 : 0)), number >= 0 else {
      throw AOFInterpreter.Refused()
    }
    let (offset, isOver) = Int(number).multipliedReportingOverflow(by: isCounted ? width : 1)
    guard !isOver, offset >> 3 < stringLimit else { throw AOFInterpreter.Refused() }
    return offset
  }

  /// The string of a key, made where there is none, with room for a bit.
  private static func string(
    _ key: [UInt8], reaching offset: Int, _ store: AOFInterpreter
  ) throws -> AOFString {
    let existing = try store.string(key)
    let count = offset >> 3 + 1
    try store.make(count - (existing?.bytes.count ?? 0))
    let value = existing ?? AOFString([])
    if existing == nil { store.put(key, .string(value)) }
    if value.bytes.count < count { value.bytes += [UInt8](repeating: 0, count: count - value.bytes.count) }
    return value
  }

  private struct BitOperation {
    var offset: Int
    var width: Int
    var isSigned: Bool
    var adds: Bool
    var number: Int64
    var overflow: Overflow
  }

  private enum Overflow { case wrap, saturate, fail }

  private static func bitField(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    var operations: [BitOperation] = []
    var overflow = Overflow.wrap
    var index = 2
    while index < command.count {
      let name = command.keyword(index)
      if name == "OVERFLOW", index + 1 < command.count {
        switch command.keyword(index + 1) {
        case "WRAP": overflow = .wrap
        case "SAT": overflow = .saturate
        case "FAIL": overflow = .fail
        default: throw AOFInterpreter.Refused()
        }
        index += 2
        continue
      }
      guard ["GET", "SET", "INCRBY"].contains(name), index + (name == "GET" ? 2 : 3) < command.count else {
        throw AOFInterpreter.Refused()
      }
      let type = command[index + 1]
      let isSigned = type.first == UInt8(ascii: "i")
      guard isSigned || type.first == UInt8(ascii: "u"), let width = AOFNumber.integer(type.dropFirst()),
        (1...(isSigned ? 64 : 63)).contains(width)
      else { throw AOFInterpreter.Refused() }
      let offset = try bitOffset(command[index + 2], width: Int(width))
      if name != "GET" {
        operations.append(
          BitOperation(
            offset: offset, width: Int(width), isSigned: isSigned, adds: name == "INCRBY",
            number: try number(command, index + 3), overflow: overflow))
      }
      index += name == "GET" ? 3 : 4
    }
    guard let last = operations.map({ $0.offset + $0.width - 1 }).max() else { return }
    let string = try string(command.array(1), reaching: last, store)
    for operation in operations { perform(operation, on: string) }
  }

  /// Source: redis 7.0 src/bitops.c `checkSignedBitfieldOverflow`, `checkUnsignedBitfieldOverflow`.
  private static func perform(_ operation: BitOperation, on string: AOFString) {
    let width = operation.width
    let old = string.bits(at: operation.offset, count: width)
    let mask = width == 64 ? UInt64.max : (1 << UInt64(width)) - 1
    var new: UInt64
    var isHigh = false
    var isLow = false
    if operation.isSigned {
      let shift = 64 - width
      let before = operation.adds ? (Int64(bitPattern: old) << shift) >> shift : 0
      let (sum, isOver) = before.addingReportingOverflow(operation.number)
      let highest = Int64.max >> shift
      isHigh = isOver ? operation.number > 0 : sum > highest
      isLow = isOver ? operation.number < 0 : sum < -highest - 1
      new = UInt64(bitPattern: isHigh && operation.overflow == .saturate ? highest : sum) & mask
      if isLow, operation.overflow == .saturate { new = UInt64(bitPattern: -highest - 1) & mask }
    } else {
      // A negative number that is set is taken for a huge one.
      let before = operation.adds ? old : 0
      if operation.adds {
        isHigh = operation.number > 0 && UInt64(operation.number) > mask - before
        isLow = operation.number < 0 && operation.number.magnitude > before
      } else {
        isHigh = UInt64(bitPattern: operation.number) > mask
      }
      new = (before &+ UInt64(bitPattern: operation.number)) & mask
      if isHigh, operation.overflow == .saturate { new = mask }
      if isLow, operation.overflow == .saturate { new = 0 }
    }
    if isHigh || isLow, operation.overflow == .fail { return }
    string.setBits(new, at: operation.offset, count: width)
  }

  private static func combine(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    let sources = try (3..<command.count).map { try store.string(command.array($0))?.bytes ?? [] }
    let count = sources.map(\.count).max() ?? 0
    try store.make(count)
    var result = [UInt8](repeating: 0, count: count)
    func byte(_ source: [UInt8], _ index: Int) -> UInt8 { index < source.count ? source[index] : 0 }
    switch command.keyword(1) {
    case "NOT":
      guard sources.count == 1 else { throw AOFInterpreter.Refused() }
      result = sources[0].map { ~$0 }
    case "AND": for index in 0..<count { result[index] = sources.reduce(0xff) { $0 & byte($1, index) } }
    case "OR": for index in 0..<count { result[index] = sources.reduce(0) { $0 | byte($1, index) } }
    case "XOR": for index in 0..<count { result[index] = sources.reduce(0) { $0 ^ byte($1, index) } }
    // What came after 8.0.
    default: throw AOFInterpreter.NotModelled()
    }
    if count > 0 {
      store.put(command.array(2), .string(AOFString(result)))
    } else {
      store.remove(command.array(2))
    }
  }
}

extension AOFString {
  /// - Precondition: at most 64 bits, all of them there.
  fileprivate func bits(at offset: Int, count: Int) -> UInt64 {
    (offset..<offset + count).reduce(0) { $0 << 1 | UInt64(bytes[$1 >> 3] >> UInt8(7 - $1 & 7) & 1) }
  }

  fileprivate func setBits(_ value: UInt64, at offset: Int, count: Int) {
    for index in 0..<count {
      let place = offset + index
      let mask = UInt8(1) << UInt8(7 - place & 7)
      if value >> UInt64(count - 1 - index) & 1 == 1 { bytes[place >> 3] |= mask } else { bytes[place >> 3] &= ~mask }
    }
  }
}
