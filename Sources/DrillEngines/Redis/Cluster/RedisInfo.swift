internal import DrillModel

/// A server's `INFO`, by field. Also reads `CLUSTER INFO`, which has the same form.
struct RedisInfo: Hashable, Sendable {
  private let fields: [String: String]

  init(_ text: String) {
    var fields: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
    }
    self.fields = fields
  }

  var names: [String] { Array(fields.keys) }
  subscript(_ field: String) -> String? { fields[field] }
  func number(_ field: String) -> UInt64? { fields[field].flatMap { UInt64($0) } }
  func flag(_ field: String) -> Bool { fields[field] == "1" }

  /// The replicas that a server lists, `slave0:ip=…,port=…`; those without a port are not servers (capture links are
  /// among them).
  var replicas: [(endpoint: Endpoint, isOnline: Bool)] {
    fields.filter { $0.key.hasPrefix("slave") && $0.key.dropFirst(5).allSatisfy(\.isNumber) && $0.key.count > 5 }
      .sorted { ($0.key.count, $0.key) < ($1.key.count, $1.key) }
      .compactMap { _, value in
        var parts: [Substring: Substring] = [:]
        for part in value.split(separator: ",") {
          let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
          if pair.count == 2 { parts[pair[0]] = pair[1] }
        }
        guard let host = parts["ip"], let port = parts["port"].flatMap({ Int($0) }), port > 0 else { return nil }
        return (.tcp(host: String(host), port: port), parts["state"] == "online")
      }
  }
}
