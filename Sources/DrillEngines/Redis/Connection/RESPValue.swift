/// One reply of a Redis server, as RESP2 carries it; what came in RESP3 as the server would have said it in RESP2.
///
/// Source: Redis documentation, "Redis serialization protocol specification".
public enum RESPValue: Hashable, Sendable {
  /// A status such as `OK`.
  case simple(String)
  /// An error's line without the leading `-`: its first word is the code (`NOPERM`, `MOVED`, `ERR`).
  case error(String)
  case integer(Int64)
  case bulk([UInt8])
  /// RESP2 has one for bulk strings and one for arrays; they mean the same.
  case null
  case array([RESPValue])

  /// The text of a status or a bulk string; nil for anything else.
  public var text: String? {
    switch self {
    case .simple(let text): text
    case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
    case .error, .integer, .null, .array: nil
    }
  }

  /// The bytes of a bulk string or a status; nil for anything else.
  public var bytes: [UInt8]? {
    switch self {
    case .simple(let text): Array(text.utf8)
    case .bulk(let bytes): bytes
    case .error, .integer, .null, .array: nil
    }
  }

  /// An integer, or a text that is one in decimal; nil for anything else.
  public var integer: Int64? {
    if case .integer(let value) = self { return value }
    return text.flatMap { Int64($0) }
  }

  public var array: [RESPValue]? {
    if case .array(let members) = self { return members }
    return nil
  }

  /// Members and scores in turn, also where they came pair by pair, as over RESP3; nil where it is neither.
  ///
  /// Source: redis 7.0 src/t_zset.c `zrangeResultEmitCBufferToClient`.
  var scoredMembers: [RESPValue]? {
    guard let members = array, case .array? = members.first else { return array }
    var flat: [RESPValue] = []
    flat.reserveCapacity(members.count * 2)
    for member in members {
      guard let pair = member.array, pair.count == 2 else { return nil }
      flat += pair
    }
    return flat
  }

  /// The first word of an error; nil for anything else.
  public var errorCode: String? {
    guard case .error(let line) = self else { return nil }
    return String(line.prefix { $0 != " " })
  }
}
