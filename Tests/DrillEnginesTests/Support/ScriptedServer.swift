import Foundation
import Glibc

/// A server on a unix socket that says what a test tells it to, whatever it is asked: for the replies that no real
/// server gives.
final class ScriptedServer: Sendable {
  let path: String
  private let folder: String
  private let listener: CInt

  /// Listens for one client; sends `greeting` at once, then the next of `chunks` after each thing that it hears, and
  /// closes after the last.
  init(greeting: [UInt8] = [], _ chunks: [[UInt8]]) throws {
    var template = Array("/tmp/firedrill-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let path = folder + "/s"
    self.folder = folder
    self.path = path
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let isBound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    guard isBound, listen(listener, 1) == 0 else { throw CocoaError(.fileWriteUnknown) }
    self.listener = listener
    Thread.detachNewThread {
      let client = accept(listener, nil, nil)
      guard client >= 0 else { return }
      defer {
        // A process that another test starts meanwhile may have inherited it: closing alone would then say nothing.
        shutdown(client, Int32(SHUT_RDWR))
        close(client)
      }
      func say(_ bytes: [UInt8]) { _ = send(client, bytes, bytes.count, CInt(MSG_NOSIGNAL)) }
      if !greeting.isEmpty { say(greeting) }
      var buffer = [UInt8](repeating: 0, count: 65536)
      for chunk in chunks {
        guard recv(client, &buffer, buffer.count, 0) > 0 else { return }
        say(chunk)
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
    try? FileManager.default.removeItem(atPath: folder)
  }
}
