internal import DrillModel

/// Made-up contents: for each number one small document with everything that belongs to it, some of it sharing a hash
/// tag. The same seed gives the same commands.
struct RedisContents {
  var seed: UInt64
  /// Where expiries count from, milliseconds since 1970.
  var epoch: Int64

  /// The commands that write record `number`: as a rule one key, of a type that the number chooses.
  func commands(forRecord number: Int) -> [[[UInt8]]] {
    var random = SeededGenerator(seed: seed &+ UInt64(number) &* 0x9E37_79B9)
    let customer = "{customer:\(number / 10)}"
    switch number % 10 {
    case 0:
      var words = ["HSET", "\(customer):profile"].map { Array($0.utf8) }
      for field in 0..<(random.index(below: 8) + 2) {
        words += [Array("field\(field)".utf8), random.bytes(random.index(below: 40))]
      }
      return [words]
    case 1:
      return [
        command(
          "RPUSH", "\(customer):orders",
          (0..<(random.index(below: 20) + 1)).map { _ in "\(random.index(below: 1_000_000))" })
      ]
    case 2:
      return [
        command(
          "SADD", "\(customer):tags", (0..<(random.index(below: 12) + 1)).map { _ in "tag\(random.index(below: 500))" })
      ]
    case 3:
      return [
        command(
          "SADD", "\(customer):numbers",
          (0..<(random.index(below: 12) + 1)).map { _ in "\(random.index(below: 100_000))" })
      ]
    case 4:
      var words = ["\(customer):scores"]
      for member in 0..<(random.index(below: 15) + 1) {
        words += ["\(Double(random.index(below: 1_000_000)) / 128)", "member\(member)"]
      }
      return [command("ZADD", words[0], Array(words.dropFirst()))]
    case 5, 6: return session(number, &random)
    case 7: return [command("SET", "counter:\(number)", ["\(random.index(below: 1_000_000))"])]
    case 8:
      return [
        [
          Array("SET".utf8), Array("blob:\(number)".utf8),
          random.bytes(random.index(below: number % 500 == 8 ? 100_000 : 400), isText: number % 20 == 8),
        ]
      ]
    default:
      return number % 200 == 9 ? stream(number, &random) : [command("SET", "item:\(number)", ["item number \(number)"])]
    }
  }

  /// A few expire within seconds, most within hours, some never.
  private func session(_ number: Int, _ random: inout SeededGenerator) -> [[[UInt8]]] {
    let key = "session:\(number)"
    let value = random.bytes(random.index(below: 120) + 8)
    let set = [Array("SET".utf8), Array(key.utf8), value]
    switch random.index(below: 20) {
    case 0: return [set + ["PXAT", "\(epoch + 1000 + Int64(random.index(below: 20_000)))"].map { Array($0.utf8) }]
    case 1..<16:
      return [set + ["PXAT", "\(epoch + 60_000 + Int64(random.index(below: 86_400_000)))"].map { Array($0.utf8) }]
    default: return [set]
    }
  }

  private func stream(_ number: Int, _ random: inout SeededGenerator) -> [[[UInt8]]] {
    let key = "stream:\(number)"
    var commands: [[[UInt8]]] = []
    let entries = random.index(below: 30) + 1
    for entry in 1...entries {
      commands.append(
        command(
          "XADD", key,
          ["\(epoch)-\(entry)", "kind", "k\(random.index(below: 5))", "amount", "\(random.index(below: 1000))"]))
    }
    for group in 0..<(random.index(below: 2) + 1) {
      commands.append(command("XGROUP", "CREATE", [key, "group\(group)", "0"]))
      commands.append(
        command(
          "XREADGROUP", "GROUP",
          ["group\(group)", "consumer\(random.index(below: 3))", "COUNT", "\(entries / 2 + 1)", "STREAMS", key, ">"]))
      commands.append(command("XACK", key, ["group\(group)", "\(epoch)-1"]))
    }
    return commands
  }

  /// One change of what is there, out of `records` records: most of them overwrite or extend, some delete, a few set
  /// expiries.
  func change(_ random: inout SeededGenerator, records: Int) -> [[UInt8]] {
    let number = random.index(below: max(1, records))
    let customer = "{customer:\(number / 10)}"
    switch random.index(below: 12) {
    case 0: return command("HSET", "\(customer):profile", ["field\(random.index(below: 10))", "\(random.next())"])
    case 1: return command("RPUSH", "\(customer):orders", ["\(random.index(below: 1_000_000))"])
    case 2: return command("LPOP", "\(customer):orders", [])
    case 3: return command("SADD", "\(customer):tags", ["tag\(random.index(below: 500))"])
    case 4: return command("SREM", "\(customer):tags", ["tag\(random.index(below: 500))"])
    case 5:
      return command(
        "ZINCRBY", "\(customer):scores", ["\(random.index(below: 100))", "member\(random.index(below: 15))"])
    case 6: return command("INCR", "counter:\(number - number % 10 + 7)", [])
    case 7:
      return command(
        "SET", "session:\(number - number % 10 + 5)",
        ["\(random.next())", "PX", "\(random.index(below: 60_000) + 500)"])
    case 8: return command("DEL", "item:\(number - number % 10 + 9)", [])
    case 9: return command("PEXPIRE", "blob:\(number - number % 10 + 8)", ["\(random.index(below: 3_600_000) + 1000)"])
    case 10:
      return command(
        "XADD", "stream:\(number - number % 200 + 9)", ["*", "kind", "new", "amount", "\(random.index(below: 1000))"])
    default: return command("SET", "item:\(number - number % 10 + 9)", ["changed \(random.next())"])
    }
  }

  private func command(_ name: String, _ key: String, _ arguments: [String]) -> [[UInt8]] {
    ([name, key] + arguments).map { Array($0.utf8) }
  }

  /// The key that routes a command of ours.
  static func key(of command: [[UInt8]]) -> [UInt8] {
    switch String(decoding: command[0], as: UTF8.self) {
    case "XGROUP": command[2]
    case "XREADGROUP": command[command.count - 2]
    default: command[1]
    }
  }
}
