internal import COpenSSL

/// Secret bytes that are overwritten when nobody holds them any more.
final class SecretBytes: Sendable {
  // Written in init and deinit alone, when nobody else can see it.
  nonisolated(unsafe) private let bytes: UnsafeMutableBufferPointer<UInt8>

  init(count: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
    bytes = .allocate(capacity: count)
    bytes.initialize(repeating: 0)
    fill(bytes)
  }

  func reveal<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R { body(UnsafeBufferPointer(bytes)) }

  deinit {
    OPENSSL_cleanse(bytes.baseAddress, bytes.count)
    bytes.deallocate()
  }
}
