/// One write of the load that a sandbox is put under.
///
/// It is no ``Operation``, and nothing turns it into one: only a ``LoadSession`` takes it, and only a ``LoadBearing``
/// sandbox opens such a session. Its key lies in a name space of its own, `{tag}:firedrill-load:…`, so that no compared
/// answer is about a written key.
public struct SandboxWrite: Hashable, Sendable {
  public enum Verb: String, Sendable, Codable, CaseIterable {
    case set, incr, hset, lpush, sadd, zadd
    /// Of a key that `set` writes.
    case expire, del
  }

  public let verb: Verb
  public let key: [UInt8]
  public let slot: Slot
  /// The command with its arguments.
  public let words: [[UInt8]]

  /// - Parameters:
  ///   - tag: a hash tag, so that writes fall on slots as the store's keys do.
  ///   - number: which of the keys of its kind under the tag.
  ///   - salt: another for each run, so that not even a store that holds such keys is written over.
  ///   - value: what is written; its digits where the verb takes a number.
  /// - Precondition: `tag` is not empty and holds no closing brace.
  public init(
    _ verb: Verb, tag: some Collection<UInt8>, number: Int, salt: UInt64, value: [UInt8], member: Int,
    slot: ([UInt8]) -> Slot
  ) {
    precondition(!tag.isEmpty && !tag.contains(UInt8(ascii: "}")))
    self.verb = verb
    // Verbs on values of the same kind share keys; others never meet.
    let kind =
      switch verb {
      case .set, .expire, .del: "s"
      case .incr: "c"
      case .hset: "h"
      case .lpush: "l"
      case .sadd: "m"
      case .zadd: "z"
      }
    let name = "\(SandboxWrite.nameSpace)\(String(salt, radix: 16)):\(kind)\(number)"
    key = [UInt8(ascii: "{")] + tag + [UInt8(ascii: "}")] + Array(name.utf8)
    self.slot = slot(key)
    func word(_ text: String) -> [UInt8] { Array(text.utf8) }
    words =
      switch verb {
      case .set: [word("SET"), key, value]
      case .incr: [word("INCR"), key]
      case .hset: [word("HSET"), key, word("f\(member)"), value]
      case .lpush: [word("LPUSH"), key, value]
      case .sadd: [word("SADD"), key, word("m\(member)")]
      case .zadd: [word("ZADD"), key, word("\(number)"), word("m\(member)")]
      case .expire: [word("EXPIRE"), key, word("3600")]
      case .del: [word("DEL"), key]
      }
  }

  /// What stands in the key after its tag.
  public static let nameSpace = ":firedrill-load:"
}

/// One step of a load: a question whose answer is compared, or a write.
public enum LoadStep: Hashable, Sendable {
  case ask(Operation)
  case write(SandboxWrite)
}
