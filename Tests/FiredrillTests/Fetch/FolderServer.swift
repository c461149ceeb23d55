import Foundation
import Glibc
import Synchronization

/// A web server on the loopback that shows a folder, counts what it gives, and treats requests as a test says.
final class FolderServer: Sendable {
  enum Treatment: Sendable {
    case asIs
    case status(Int)
    /// So many bytes of the body, then the connection is closed.
    case cut(after: Int)
    /// So many bytes of the body, and then nothing until the server ends.
    case silence(after: Int)
  }

  struct Request: Sendable {
    var isHead: Bool
    /// Below the folder, without a slash at its beginning.
    var path: String
    var offset: Int
  }

  private struct State {
    var treat: @Sendable (Request) -> Treatment = { _ in .asIs }
    var served: [String: Int] = [:]
    var open: Set<Int32> = []
    var isStopped = false
  }

  let port: Int
  private let folder: String
  private let listener: Int32
  private let state = Mutex(State())

  var url: String { "http://127.0.0.1:\(port)" }
  /// Bytes of files' contents that were sent, by path.
  var served: [String: Int] { state.withLock { $0.served } }
  /// The same for data artifacts alone, all together.
  var servedData: Int { served.filter { $0.key.hasSuffix(".sqlite") }.values.reduce(0, +) }

  func treat(_ treatment: @escaping @Sendable (Request) -> Treatment) { state.withLock { $0.treat = treatment } }
  func forget() { state.withLock { $0.served = [:] } }

  static func with<R: Sendable>(_ folder: String, _ body: (FolderServer) async throws -> R) async throws -> R {
    let server = try FolderServer(folder)
    Thread { server.accept() }.start()
    defer { server.stop() }
    return try await body(server)
  }

  private init(_ folder: String) throws {
    self.folder = folder
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    guard isBound else { throw POSIXError(.EADDRINUSE) }
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  private func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    state.withLock { state in
      state.isStopped = true
      for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
  }

  private func accept() {
    while case let connection = Glibc.accept(listener, nil, nil), connection >= 0 {
      _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
      state.withLock { _ = $0.open.insert(connection) }
      Thread {
        self.answer(connection)
        self.state.withLock { _ = $0.open.remove(connection) }
        close(connection)
      }.start()
    }
    close(listener)
  }

  /// One request a connection.
  private func answer(_ connection: Int32) {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      let count = recv(connection, &block, block.count, 0)
      guard count > 0 else { return }
      bytes += block[..<count]
    }
    let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    let range = lines.lazy.compactMap { $0.wholeMatch(of: /(?i)range: bytes=(\d+)-.*/)?.output.1 }.first.flatMap {
      Int($0)
    }
    let path = String(words[1].split(separator: "?")[0].drop { $0 == "/" }).removingPercentEncoding ?? ""
    let request = Request(isHead: words[0] == "HEAD", path: path, offset: range ?? 0)
    let treatment = state.withLock { $0.treat }(request)
    if case .status(let status) = treatment {
      return send(connection, "HTTP/1.1 \(status) No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    }
    var information = stat()
    guard stat("\(folder)/\(path)", &information) == 0 else {
      return send(connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    }
    if information.st_mode & S_IFMT == S_IFDIR {
      if !path.isEmpty, !path.hasSuffix("/") {
        return send(
          connection,
          "HTTP/1.1 301 Moved\r\nLocation: /\(path)/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
      }
      let names = ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(path)")) ?? []).map { name in
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: "\(folder)/\(path)/\(name)", isDirectory: &isFolder)
          && isFolder.boolValue ? name + "/" : name
      }
      let page = "<html>\(names.map { "<a href=\"\($0)\">\($0)</a>" }.joined())</html>"
      return send(
        connection,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: \(page.utf8.count)\r\nConnection: close\r\n\r\n\(request.isHead ? "" : page)"
      )
    }
    let data = FileManager.default.contents(atPath: "\(folder)/\(path)") ?? Data()
    var time = tm()
    gmtime_r(&information.st_mtim.tv_sec, &time)
    var text = [CChar](repeating: 0, count: 64)
    strftime(&text, 64, "%a, %d %b %Y %H:%M:%S GMT", &time)
    let modified = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var head = range == nil ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 206 Partial Content\r\n"
    if let range { head += "Content-Range: bytes \(range)-\(data.count - 1)/\(data.count)\r\n" }
    let body = request.isHead ? Data() : data.dropFirst(request.offset)
    send(
      connection,
      head + "Content-Type: application/octet-stream\r\nAccept-Ranges: bytes\r\nLast-Modified: \(modified)\r\n"
        + "Content-Length: \(request.isHead ? data.count : body.count)\r\nConnection: close\r\n\r\n")
    switch treatment {
    case .cut(let count): send(connection, body.prefix(count), path)
    case .silence(let count):
      send(connection, body.prefix(count), path)
      // Until the other side has gone, or the server stops.
      while recv(connection, &block, block.count, 0) > 0 {}
    default: send(connection, body, path)
    }
  }

  private func send(_ connection: Int32, _ text: String) { send(connection, Data(text.utf8), nil) }

  private func send(_ connection: Int32, _ data: Data, _ path: String?) {
    var rest = data[...]
    func count(_ bytes: Int) {
      if let path { state.withLock { $0.served[path, default: 0] += bytes } }
    }
    while !rest.isEmpty {
      let part = rest.prefix(64 << 10)
      // Before it is sent: who has received the last of it may ask at once how much it was.
      count(part.count)
      let sent = part.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      count(max(sent, 0) - part.count)
      guard sent > 0 else { return }
      rest = rest.dropFirst(sent)
    }
  }
}
