internal import COpenSSL
public import DrillModel

/// X.509 certificates: a signer's with those above it, or roots that somebody trusts.
public struct CertificateChain: Hashable, Sendable {
  /// Each in DER, in the order in which they stood in the file.
  public let certificates: [[UInt8]]

  /// The largest number that is read.
  private static let limit = 1000

  /// Reads `BEGIN CERTIFICATE` blocks; what stands between them is passed over.
  ///
  /// - Throws: `key-unreadable` where there is none, or where one cannot be read.
  public init(pem: [UInt8], subject: String = "certificate") throws {
    func unreadable(_ detail: String) -> DrillError { DrillError(.keyUnreadable, subject: subject, detail: detail) }
    var found: [[UInt8]] = []
    let isWhole = OpenSSLKey.reading(pem) { memory -> Bool? in
      while let pointer = PEM_read_bio_X509(memory, nil, { _, _, _, _ in -1 }, nil) {
        defer { X509_free(pointer) }
        guard found.count < CertificateChain.limit, let der = OpenSSLBytes.der({ i2d_X509(pointer, $0) }) else {
          return false
        }
        found.append(der)
      }
      // The end of the file is "no start line"; anything else is a block that cannot be read.
      let error = ERR_peek_last_error()
      ERR_clear_error()
      return reason(of: error) == PEM_R_NO_START_LINE
    }
    guard !found.isEmpty else { throw unreadable("holds no certificate in PEM (BEGIN CERTIFICATE)") }
    guard isWhole == true else { throw unreadable("certificate \(found.count + 1) in it cannot be read") }
    certificates = found
  }

  /// The first certificate's holder, as RFC 2253 writes names.
  public var holder: String { withFirst { OpenSSLBytes.name(X509_get_subject_name($0)) } ?? "" }

  /// From when to when the first certificate is valid.
  public var validity: (from: Instant, to: Instant)? {
    withFirst { certificate in
      guard let from = OpenSSLBytes.milliseconds(X509_get0_notBefore(certificate)),
        let to = OpenSSLBytes.milliseconds(X509_get0_notAfter(certificate))
      else { return nil }
      return (Instant(millisecondsSince1970: from), Instant(millisecondsSince1970: to))
    } ?? nil
  }

  private func withFirst<R>(_ body: (OpaquePointer) -> R) -> R? {
    guard let first = certificates.first, let handle = CertificateChain.x509(first) else { return nil }
    return body(handle.pointer)
  }

  static func x509(_ der: [UInt8]) -> OpenSSLHandle? {
    OpenSSLHandle(OpenSSLBytes.reading(der) { d2i_X509(nil, $0, $1) }, X509_free)
  }

  /// A store of these as roots; the clock stands at `time`.
  func store(at time: Instant) -> OpenSSLHandle? {
    guard let store = OpenSSLHandle(X509_STORE_new(), X509_STORE_free) else { return nil }
    for der in certificates {
      guard let certificate = CertificateChain.x509(der), X509_STORE_add_cert(store.pointer, certificate.pointer) == 1
      else { return nil }
    }
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store.pointer), time_t(time.millisecondsSince1970 / 1000))
    return store
  }
}

/// ERR_GET_REASON, a macro that is not imported. Source: openssl/err.h, OpenSSL 3.0.
private func reason(of error: UInt) -> Int32 {
  error & (UInt(Int32.max) + 1) != 0 ? Int32(error & UInt(Int32.max)) : Int32(error & 0x7F_FFFF)
}
