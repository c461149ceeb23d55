import DrillModel

/// An address to listen on: `127.0.0.1:8411`, `localhost:8411`, `[::1]:8411`, `0.0.0.0:8411`.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
  public var host: String
  /// 0: one that the system chooses.
  public var port: Int

  public static let `default` = ListenAddress(host: "127.0.0.1", port: 8411)

  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// - Throws: `DrillError` with `usage` for anything that is not of that form.
  public init(parsing text: String) throws {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { throw Self.refused(text) }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
      guard host.contains(":") else { throw Self.refused(text) }
    } else if host.contains(":") {
      throw Self.refused(text)
    }
    guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { throw Self.refused(text) }
    self.init(host: host, port: port)
  }

  private static func refused(_ text: String) -> DrillError {
    DrillError(.usage, subject: text, detail: "an address is written as 127.0.0.1:8411 or [::1]:8411")
  }

  /// Whether only this machine can reach it. A name is loopback only where it is `localhost`: others may resolve to anything.
  public var isLoopback: Bool { Self.isLoopback(host) }

  static func isLoopback(_ host: String) -> Bool {
    let host = host.lowercased()
    if host == "localhost" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return parts.count == 4 && !parts.contains(nil) && parts[0] == 127
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  public var url: String { "http://\(description)/" }
}
