public import DrillModel
internal import Foundation
internal import Glibc
internal import Synchronization

/// Stands before a Redis server on a loopback port and passes everything on, but what it does to some answers.
///
/// It leaves a connection alone that asks to replicate: what it touches are answers, not snapshots. It judges nothing, and says how often it misbehaved: a server
/// that never did proves nothing.
public final class MisbehavingProxy: Sendable {
  private struct State {
    var touched = 0
    var keys: Set<[UInt8]> = []
    var open: Set<Int32> = []
    var isClosed = false
  }

  public let port: Int
  /// How many replies it touched.
  public var touched: Int { state.withLock { $0.touched } }
  private let listener: Int32
  private let server: Endpoint
  private let misbehaviour: Misbehaviour
  private let state = Mutex(State())

  /// - Parameter server: what it stands before: a unix socket, or a port of 127.0.0.1.
  /// - Throws: `DrillError` with `io` where no port can be had.
  public static func with<R: Sendable>(
    before server: Endpoint, _ misbehaviour: Misbehaviour, _ body: (MisbehavingProxy) async throws -> R
  ) async throws -> R {
    let proxy = try MisbehavingProxy(server, misbehaviour)
    Thread { proxy.accept() }.start()
    defer { proxy.close() }
    return try await body(proxy)
  }

  private init(_ server: Endpoint, _ misbehaviour: Misbehaviour) throws {
    self.server = server
    self.misbehaviour = misbehaviour
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = MisbehavingProxy.loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    self.listener = listener
    port = Int(UInt16(bigEndian: address.sin_port))
    guard isBound else { throw DrillError(.io, subject: "proxy", detail: "there is no port on loopback for it") }
  }

  private static func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return address
  }

  private func close() {
    let open = state.withLock { state in
      state.isClosed = true
      return state.open
    }
    shutdown(listener, Int32(SHUT_RDWR))
    for descriptor in open { shutdown(descriptor, Int32(SHUT_RDWR)) }
  }

  private func accept() {
    while true {
      let client = Glibc.accept(listener, nil, nil)
      guard client >= 0 else { break }
      let upstream = connectToServer()
      let isOpen = state.withLock { state in
        guard upstream >= 0, !state.isClosed else { return false }
        state.open.formUnion([client, upstream])
        return true
      }
      guard isOpen else {
        Glibc.close(client)
        if upstream >= 0 { Glibc.close(upstream) }
        continue
      }
      Thread { self.serve(client, upstream) }.start()
    }
    Glibc.close(listener)
  }

  private func connectToServer() -> Int32 {
    func connected<Address>(_ family: Int32, _ address: Address) -> Int32 {
      let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      let isConnected = withUnsafePointer(to: address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size)) == 0
        }
      }
      if isConnected { return descriptor }
      Glibc.close(descriptor)
      return -1
    }
    switch server {
    case .tcp(_, let port): return connected(AF_INET, MisbehavingProxy.loopback(port: port))
    case .unix(let path):
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return -1 }
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      return connected(AF_UNIX, address)
    }
  }

  /// Passes bytes on both ways until either side has closed.
  private func serve(_ client: Int32, _ upstream: Int32) {
    var talk = ProxiedTalk()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var both = [
      pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: upstream, events: Int16(POLLIN), revents: 0),
    ]
    passing: while poll(&both, 2, -1) > 0 || errno == EINTR {
      for side in 0..<2 where both[side].revents != 0 {
        let count = read(both[side].fd, &buffer, buffer.count)
        guard count > 0 else { break passing }
        let bytes = Array(buffer[..<count])
        guard side == 1 else {
          talk.ask(bytes)
          guard pass(bytes, to: upstream) else { break passing }
          continue
        }
        let (said, isLast) = talk.reply(bytes) { touch($0, $1) }
        guard pass(said, to: client), !isLast else { break passing }
      }
    }
    state.withLock { $0.open.subtract([client, upstream]) }
    Glibc.close(client)
    Glibc.close(upstream)
  }

  private func touch(_ command: RESPReply.Command, _ reply: [UInt8]) -> Misbehaviour.Touched? {
    guard misbehaviour.concerns(command), let touched = misbehaviour.touched(reply) else { return nil }
    return state.withLock { state in
      guard state.touched < misbehaviour.most else { return nil }
      if !state.keys.contains(command.key) {
        guard state.keys.count < misbehaviour.mostKeys else { return nil }
        state.keys.insert(command.key)
      }
      state.touched += 1
      return touched
    }
  }

  private func pass(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// What was asked on one connection and is not answered yet.
private struct ProxiedTalk {
  private var asked: [RESPReply.Command] = []
  private var question: [UInt8] = []
  private var answer: [UInt8] = []
  /// From here on neither side speaks in questions and answers.
  private var replicates = false
  private var isSilent = false

  mutating func ask(_ bytes: [UInt8]) {
    guard !replicates else { return }
    question += bytes
    var start = 0
    while start < question.count, let (command, end) = RESPReply.command(of: question, from: start) {
      asked.append(command)
      start = end
      replicates = replicates || ["PSYNC", "SYNC", "REPLCONF"].contains(command.name)
    }
    question.removeFirst(start)
  }

  /// What is said of what the server said, and whether the connection then ends.
  mutating func reply(
    _ bytes: [UInt8], _ touch: (RESPReply.Command, [UInt8]) -> Misbehaviour.Touched?
  ) -> (said: [UInt8], isLast: Bool) {
    answer += bytes
    guard !replicates else {
      defer { answer = [] }
      return (isSilent ? [] : answer, false)
    }
    var said: [UInt8] = []
    var start = 0
    defer { answer.removeFirst(start) }
    while start < answer.count, let end = RESPReply.end(of: answer, from: start) {
      let whole = Array(answer[start..<end])
      start = end
      let command = asked.isEmpty ? nil : asked.removeFirst()
      guard !isSilent else { continue }
      switch command.flatMap({ touch($0, whole) }) {
      case nil: said += whole
      case .bytes(let other): said += other
      case .last(let part): return (said + part, true)
      case .never: isSilent = true
      }
    }
    return (said, false)
  }
}
