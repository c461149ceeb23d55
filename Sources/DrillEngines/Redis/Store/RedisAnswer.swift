internal import DrillModel

/// Which commands may be put to a store, and how their replies become answers.
enum RedisAnswer {
  enum Form: Sendable {
    /// As it comes: strings as blobs, statuses as text, arrays in order.
    case plain
    /// The server defines no order.
    case unordered
    /// Names and values in turn, in no order.
    case unorderedPairs
    /// A number as text.
    case real
    case reals
    /// Members and scores in turn, in order.
    case scored
    /// JSON as text.
    case json
    /// How many documents were found, then each one's key and, in an array, its fields and values in turn. Documents of
    /// equal relevance come in no order; where not all were given, which ones were is chance, and the number alone counts.
    case search
  }

  /// Reading commands. None of them writes, not even a cache (as PFCOUNT does); the answer of all but SRANDMEMBER follows
  /// from the contents alone.
  private static let forms: [String: Form] = {
    let plain = [
      "GET", "MGET", "STRLEN", "GETRANGE", "GETBIT", "BITCOUNT", "BITPOS", "EXISTS", "TYPE", "EXPIRETIME",
      "PEXPIRETIME", "HGET", "HMGET", "HLEN",
      "HEXISTS", "HSTRLEN", "LRANGE", "LLEN", "LINDEX", "LPOS", "SISMEMBER", "SMISMEMBER", "SCARD", "SINTERCARD",
      "SRANDMEMBER",
      "ZRANGE", "ZREVRANGE",
      "ZRANGEBYSCORE", "ZREVRANGEBYSCORE", "ZRANGEBYLEX", "ZREVRANGEBYLEX", "ZRANK", "ZREVRANK", "ZCARD", "ZCOUNT",
      "ZLEXCOUNT", "XRANGE",
      "XREVRANGE", "XLEN", "GEOPOS", "GEOHASH", "GEODIST",
    ]
    var forms = Dictionary(uniqueKeysWithValues: plain.map { ($0, Form.plain) })
    for name in ["SMEMBERS", "SINTER", "SUNION", "SDIFF", "HKEYS", "HVALS"] { forms[name] = .unordered }
    forms["HGETALL"] = .unorderedPairs
    forms["JSON.GET"] = .json
    forms[search] = .search
    forms["ZSCORE"] = .real
    forms["ZMSCORE"] = .reals
    return forms
  }()

  /// It asks an index and names no key; with several shards it may ask all of them or one, as the servers are set up.
  private static let search = "FT.SEARCH"

  static func isSearch(_ words: [[UInt8]]) -> Bool {
    words.first.map { String(decoding: $0, as: UTF8.self).uppercased() } == search
  }

  /// A time that counts down differs between any two moments; the moment that it counts down to does not.
  private static let absolute = ["TTL": "EXPIRETIME", "PTTL": "PEXPIRETIME"]

  /// What is really sent, and how its reply is read; nil for a command that may not be put to a store.
  static func command(_ words: [[UInt8]]) -> (words: [[UInt8]], form: Form)? {
    guard let first = words.first else { return nil }
    var name = String(decoding: first, as: UTF8.self).uppercased()
    var words = words
    if let other = absolute[name] {
      name = other
      words[0] = .word(other)
    }
    guard var form = forms[name] else { return nil }
    if name.hasPrefix("Z"),
      words.dropFirst(4).contains(where: { String(decoding: $0, as: UTF8.self).uppercased() == "WITHSCORES" })
    {
      form = .scored
    }
    return (words, form)
  }

  /// The keys that a command names; nil where it can name more than one in a way that is not known here.
  static func keys(_ words: [[UInt8]]) -> [[UInt8]]? {
    switch words.first.map({ String(decoding: $0, as: UTF8.self).uppercased() }) {
    case search: nil
    case "MGET", "EXISTS", "SINTER", "SUNION", "SDIFF": Array(words.dropFirst())
    case "SINTERCARD":
      words.count > 2
        ? Int(String(decoding: words[1], as: UTF8.self)).map { Array(words.dropFirst(2).prefix($0)) } : nil
    default: words.count > 1 ? [words[1]] : nil
    }
  }

  static func reply(_ value: RESPValue, _ form: Form) -> Reply {
    if case .error(let line) = value { return error(line) }
    guard let answer = answer(value, form) else { return .indeterminate("a reply that does not belong to the command") }
    return .answered(answer)
  }

  /// Errors that belong to the contents; any other is about the server's state or about who asks.
  private static func error(_ line: String) -> Reply {
    let code = String(line.prefix { $0 != " " })
    switch code {
    case "WRONGTYPE", "NOGROUP": return .answered(.error(code))
    case "ERR" where !line.hasPrefix("ERR unknown command") && !line.hasPrefix("ERR max number of clients"):
      return .answered(.error(code))
    case "TRYAGAIN": return .indeterminate(Reply.keysApart)
    default: return .indeterminate(code)
    }
  }

  private static func answer(_ value: RESPValue, _ form: Form) -> Answer? {
    switch form {
    case .plain: return plain(value)
    case .unordered:
      guard let members = value.array else { return plain(value) }
      return .unordered(members.map(plain))
    case .unorderedPairs:
      guard let members = value.array, members.count.isMultiple(of: 2) else { return nil }
      return .unordered(
        stride(from: 0, to: members.count, by: 2).map { .array([plain(members[$0]), plain(members[$0 + 1])]) })
    case .real: return real(value)
    case .reals:
      guard let members = value.array else { return nil }
      let values = members.compactMap(real)
      return values.count == members.count ? .array(values) : nil
    case .json:
      if case .null = value { return .null }
      return value.bytes.flatMap(JSONText.answer)
    case .search: return found(value)
    case .scored:
      guard let members = value.scoredMembers, members.count.isMultiple(of: 2) else { return nil }
      var pairs: [Answer] = []
      for index in stride(from: 0, to: members.count, by: 2) {
        guard let score = real(members[index + 1]) else { return nil }
        pairs.append(.array([plain(members[index]), score]))
      }
      return .array(pairs)
    }
  }

  private static func found(_ value: RESPValue) -> Answer? {
    guard let members = value.array, let total = members.first?.integer, members.count % 2 == 1 else { return nil }
    let documents: [Answer]? = stride(from: 1, to: members.count, by: 2).reduce(into: []) { documents, index in
      guard let fields = answer(members[index + 1], .unorderedPairs) else {
        documents = nil
        return
      }
      documents?.append(.array([plain(members[index]), fields]))
    }
    guard let documents else { return nil }
    return documents.count == total ? .array([.integer(total), .unordered(documents)]) : .array([.integer(total)])
  }

  private static func real(_ value: RESPValue) -> Answer? {
    if case .null = value { return .null }
    // A server keeps the sign of a zero or loses it, as its settings for encodings have it; see `RecordBatch`.
    return value.bytes.flatMap(RedisScore.value).map { .real($0 == 0 ? 0 : $0) }
  }

  private static func plain(_ value: RESPValue) -> Answer {
    switch value {
    case .simple(let text): .text(Array(text.utf8))
    case .bulk(let bytes): .blob(bytes)
    case .integer(let number): .integer(number)
    case .null: .null
    case .array(let members): .array(members.map(plain))
    case .error(let line): .error(String(line.prefix { $0 != " " }))
    }
  }
}
