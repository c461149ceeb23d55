import Foundation
import Glibc
import Synchronization

/// A web server on the loopback that answers as it is told, one connection after the other, and keeps what it was sent.
final class ScriptedHTTPServer: Sendable {
  enum Answer: Sendable {
    case status(Int, headers: [String: String] = [:])
    /// The connection stays open, and nothing comes.
    case silence
    /// The connection is closed at once.
    case hangUp
  }

  struct Request: Sendable {
    /// `POST /path HTTP/1.1`
    var line: String
    /// Names in lower case.
    var headers: [String: String]
    var body: [UInt8]

    func json() throws -> Any { try JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed) }
  }

  let port: Int
  private let listener: Int32
  private let script: Mutex<[Answer]>
  private let received = Mutex<[Request]>([])
  private let open = Mutex<[Int32]>([])

  var requests: [Request] { received.withLock { $0 } }
  var url: String { "http://127.0.0.1:\(port)" }

  /// Serves for the time of `body`; the last answer is given again and again.
  static func with<R: Sendable>(_ answers: [Answer], _ body: (ScriptedHTTPServer) async throws -> R) async throws -> R {
    let server = try ScriptedHTTPServer(answers)
    let thread = Thread { server.serve() }
    thread.start()
    defer { server.stop() }
    return try await body(server)
  }

  private init(_ answers: [Answer]) throws {
    script = Mutex(answers)
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    guard isBound else { throw POSIXError(.EADDRINUSE) }
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  private func stop() {
    // Wakes the thread in accept(2) as well.
    shutdown(listener, Int32(SHUT_RDWR))
    open.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
  }

  private func serve() {
    while case let connection = accept(listener, nil, nil), connection >= 0 {
      open.withLock { $0.append(connection) }
      guard let request = read(connection) else { continue }
      received.withLock { $0.append(request) }
      let answer = script.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
      switch answer {
      case .silence: continue
      case .hangUp: break
      case .status(let status, let headers):
        let lines = headers.map { "\($0): \($1)\r\n" }.joined()
        let text = "HTTP/1.1 \(status) Whatever\r\n\(lines)Content-Length: 0\r\nConnection: close\r\n\r\n"
        _ = text.withCString { send(connection, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
      }
      shutdown(connection, Int32(SHUT_RDWR))
    }
    open.withLock { for descriptor in $0 { close(descriptor) } }
    close(listener)
  }

  private func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    while true {
      if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let fields = head.dropFirst().compactMap { line -> (String, String)? in
          guard let colon = line.firstIndex(of: ":") else { return nil }
          return (line[..<colon].lowercased(), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }
        let headers = Dictionary(fields, uniquingKeysWith: { $1 })
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        if bytes.count - end.upperBound >= length {
          return Request(line: head[0], headers: headers, body: Array(bytes[end.upperBound...].prefix(length)))
        }
      }
      let count = block.withUnsafeMutableBytes { recv(connection, $0.baseAddress, $0.count, 0) }
      guard count > 0 else { return nil }
      bytes += block[..<count]
    }
  }
}
