internal import NIOCore

/// Writes commands in RESP2, an array of bulk strings each.
///
/// Source: Redis documentation, "Redis serialization protocol specification", "Sending commands to a Redis server".
enum RESPEncoder {
  /// Appends all commands to `buffer`, whose room is taken at once.
  static func encode(_ commands: [[[UInt8]]], into buffer: inout ByteBuffer) {
    var size = 0
    for command in commands { size += self.size(command) }
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { room in
      var position = 0
      for command in commands { write(command, room, &position) }
      precondition(position == size)
      return size
    }
  }

  /// Appends one command.
  static func append(_ command: [[UInt8]], to bytes: inout [UInt8]) {
    appendHeader(UInt8(ascii: "*"), command.count, to: &bytes)
    for word in command {
      appendHeader(UInt8(ascii: "$"), word.count, to: &bytes)
      bytes.append(contentsOf: word)
      bytes.append(0x0D)
      bytes.append(0x0A)
    }
  }

  private static func appendHeader(_ kind: UInt8, _ number: Int, to bytes: inout [UInt8]) {
    bytes.append(kind)
    var divisor = 1
    while number / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
      divisor /= 10
    }
    bytes.append(0x0D)
    bytes.append(0x0A)
  }

  private static func write(_ command: [[UInt8]], _ room: UnsafeMutableRawBufferPointer, _ position: inout Int) {
    header(UInt8(ascii: "*"), command.count, room, &position)
    for word in command {
      header(UInt8(ascii: "$"), word.count, room, &position)
      word.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: room[position..<position + word.count]).copyBytes(from: $0)
      }
      position += word.count
      end(room, &position)
    }
  }

  /// Bytes that a command takes, as clients and masters write it.
  static func size(_ command: [[UInt8]]) -> Int {
    command.reduce(headerSize(command.count)) { $0 + headerSize($1.count) + $1.count + 2 }
  }

  private static func headerSize(_ number: Int) -> Int {
    var digits = 1
    var rest = number / 10
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    return digits + 3
  }

  private static func header(_ kind: UInt8, _ number: Int, _ room: UnsafeMutableRawBufferPointer, _ position: inout Int)
  {
    let last = position + headerSize(number) - 3
    room[position] = kind
    var rest = number
    var index = last
    repeat {
      room[index] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
      index -= 1
    } while rest > 0
    position = last + 1
    end(room, &position)
  }

  private static func end(_ room: UnsafeMutableRawBufferPointer, _ position: inout Int) {
    room[position] = 0x0D
    room[position + 1] = 0x0A
    position += 2
  }
}
