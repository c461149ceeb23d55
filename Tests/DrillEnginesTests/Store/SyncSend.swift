import DrillModel
import Foundation
import Glibc

/// One command over a connection of its own, waited for: what a record handler, which is not asynchronous, may do.
enum SyncSend {
  struct Failure: Error {}

  static func send(_ words: [String], to endpoint: Endpoint) throws {
    guard case .tcp(_, let port) = endpoint else { throw Failure() }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else { throw Failure() }
    let text = "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    guard write(descriptor, text, text.utf8.count) == text.utf8.count else { throw Failure() }
    var buffer = [UInt8](repeating: 0, count: 64)
    guard read(descriptor, &buffer, buffer.count) > 0, buffer[0] == UInt8(ascii: "+") else { throw Failure() }
  }
}
