/// The part of a Redis key that its slot is computed from.
///
/// Source: Redis Cluster specification, "Hash tags": the bytes between the first `{` and the first `}` after it, if
/// there are any; else the whole key.
enum HashTag {
  static func content(of key: [UInt8]) -> ArraySlice<UInt8> {
    guard let open = key.firstIndex(of: UInt8(ascii: "{")),
      let close = key[open...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
    else { return key[...] }
    return key[(open + 1)..<close]
  }

  /// A key of the same slot as `key`; nil where its content cannot stand in a tag, since it is empty or holds a closing
  /// brace.
  static func relative(of key: [UInt8], named name: String) -> [UInt8]? {
    let content = content(of: key)
    guard !content.isEmpty, !content.contains(UInt8(ascii: "}")) else { return nil }
    return [UInt8(ascii: "{")] + content + [UInt8(ascii: "}")] + Array(name.utf8)
  }
}
