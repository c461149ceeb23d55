internal import COpenSSL

/// A pointer of OpenSSL's with the call that frees it.
struct OpenSSLHandle: ~Copyable {
  let pointer: OpaquePointer
  private let free: (OpaquePointer?) -> Void

  init?(_ pointer: OpaquePointer?, _ free: @escaping (OpaquePointer?) -> Void) {
    guard let pointer else { return nil }
    self.pointer = pointer
    self.free = free
  }

  deinit { free(pointer) }
}

/// What OpenSSL's structures are read from and written to.
enum OpenSSLBytes {
  /// The DER that `encode` writes when it is handed a place for it: OpenSSL's `i2d_…` calls.
  static func der(_ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) -> [UInt8]? {
    let count = encode(nil)
    guard count > 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(count))
    let written = bytes.withUnsafeMutableBufferPointer { buffer in
      var position = buffer.baseAddress
      return encode(&position)
    }
    return written == count ? bytes : nil
  }

  /// Reads DER with one of OpenSSL's `d2i_…` calls; nil unless it takes every byte.
  static func reading<R>(_ bytes: [UInt8], _ decode: (UnsafeMutablePointer<UnsafePointer<UInt8>?>, Int) -> R?) -> R? {
    bytes.withUnsafeBufferPointer { buffer in
      var position = buffer.baseAddress
      return decode(&position, buffer.count)
    }
  }

  /// The time of an ASN.1 value in milliseconds since 1970; nil where it is none.
  static func milliseconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
    guard let time else { return nil }
    var days: Int32 = 0
    var seconds: Int32 = 0
    guard let epoch = ASN1_TIME_set(nil, 0) else { return nil }
    defer { ASN1_STRING_free(epoch) }
    guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
    return (Int64(days) * 86_400 + Int64(seconds)) * 1000
  }

  /// XN_FLAG_RFC2253, a macro that is not imported, without ASN1_STRFLGS_ESC_MSB: names stay readable.
  /// Source: openssl/x509.h and openssl/asn1.h, OpenSSL 3.0.
  private static let nameFlags: UInt = 0x111_0313

  static func name(_ name: OpaquePointer?) -> String {
    guard let name, let memory = BIO_new(BIO_s_mem()) else { return "" }
    defer { BIO_free(memory) }
    X509_NAME_print_ex(memory, name, 0, nameFlags)
    var text = [UInt8](repeating: 0, count: 1024)
    let count = BIO_read(memory, &text, Int32(text.count))
    return String(decoding: text.prefix(Int(max(0, count))), as: UTF8.self)
  }

  /// OpenSSL's own word for what went wrong last, and a clean slate.
  static func lastError() -> String {
    defer { ERR_clear_error() }
    guard let reason = ERR_reason_error_string(ERR_peek_last_error()) else { return "OpenSSL gives no reason" }
    return String(cString: reason)
  }
}
