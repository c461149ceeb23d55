import DrillModel
import Foundation
import Glibc
import Synchronization

/// Stands before a server on a loopback port and passes everything on, but that the first replies
/// that hold `truth` have `lie` in its place.
///
/// It never lies on a connection that asks to replicate: what it lies about are answers, not snapshots.
final class LyingProxy: Sendable {
  struct Failure: Error { var detail: String }

  private struct State {
    var told = 0
    var open: Set<Int32> = []
    var isClosed = false
  }

  let port: Int
  /// How many lies it told.
  var lies: Int { state.withLock { $0.told } }
  private let listener: Int32
  private let server: String
  private let truth: [UInt8]
  private let lie: [UInt8]
  private let most: Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - server: the path of the unix socket of the server that it stands before.
  ///   - most: how many lies it tells at most.
  static func with<R: Sendable>(
    before server: String, saying lie: String, insteadOf truth: String, most: Int = 1,
    _ body: (LyingProxy) async throws -> R
  ) async throws -> R {
    precondition(lie.utf8.count == truth.utf8.count, "a lie that is as long as the truth keeps the reply well formed")
    let proxy = try LyingProxy(server: server, truth: Array(truth.utf8), lie: Array(lie.utf8), most: most)
    let thread = Thread { proxy.accept() }
    thread.start()
    defer { proxy.close() }
    return try await body(proxy)
  }

  private init(server: String, truth: [UInt8], lie: [UInt8], most: Int) throws {
    self.most = most
    self.server = server
    self.truth = truth
    self.lie = lie
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    self.listener = listener
    guard isBound else { throw Failure(detail: "no port on loopback") }
    port = Int(UInt16(bigEndian: address.sin_port))
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
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: server.utf8) }
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    if isConnected { return descriptor }
    Glibc.close(descriptor)
    return -1
  }

  /// Passes bytes on both ways until either side has closed.
  private func serve(_ client: Int32, _ upstream: Int32) {
    var replicates = false
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var both = [
      pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: upstream, events: Int16(POLLIN), revents: 0),
    ]
    passing: while poll(&both, 2, -1) > 0 || errno == EINTR {
      for side in 0..<2 where both[side].revents != 0 {
        let count = read(both[side].fd, &buffer, buffer.count)
        guard count > 0 else { break passing }
        var bytes = Array(buffer[..<count])
        if side == 0 {
          let text = String(decoding: bytes, as: UTF8.self).uppercased()
          replicates = replicates || text.contains("PSYNC") || text.contains("REPLCONF")
        } else if !replicates {
          bytes = told(bytes)
        }
        guard pass(bytes, to: both[1 - side].fd) else { break passing }
      }
    }
    state.withLock { $0.open.subtract([client, upstream]) }
    Glibc.close(client)
    Glibc.close(upstream)
  }

  private func told(_ bytes: [UInt8]) -> [UInt8] {
    guard let place = bytes.firstRange(of: truth) else { return bytes }
    let isAnother = state.withLock { state in
      guard state.told < most else { return false }
      state.told += 1
      return true
    }
    guard isAnother else { return bytes }
    var bytes = bytes
    bytes.replaceSubrange(place, with: lie)
    return bytes
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
