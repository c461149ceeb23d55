internal import COpenSSL
public import DrillModel

/// Whether the certificates that a TLS server shows are to be trusted: judged by OpenSSL's path validation (RFC 5280),
/// with the purpose of a TLS server, and never more leniently than it.
public struct PeerTrust: Sendable {
  /// Nil: the authorities of this machine, where OpenSSL looks for them.
  private let authorities: CertificateChain?

  /// Certificates that stand above a server's own; more are not looked at.
  private static let limit = 100

  public init(authorities: CertificateChain?) { self.authorities = authorities }

  /// What a server must be named.
  public enum Name: Hashable, Sendable {
    case host(String)
    case address(String)
  }

  /// Why a server's certificates are not trusted.
  public enum Objection: Hashable, Sendable {
    /// The certificate of `holder` was valid until then.
    case expired(holder: String, at: Instant)
    case notYetValid(holder: String, from: Instant)
    /// The names in the server's certificate, as OpenSSL prints them: `DNS:cache.example, IP Address:10.0.0.1`.
    case wrongName(names: String)
    /// No trusted authority has signed; `issuer` signed the last certificate that was found.
    case unknownAuthority(issuer: String)
    /// OpenSSL's own words for anything else.
    case other(String)
  }

  /// - Parameters:
  ///   - chain: in DER, the server's own first, as it sent them.
  ///   - name: nil: any name will do.
  ///   - time: the moment at which all must be valid.
  /// - Returns: nil where they are trusted.
  public func objection(to chain: [[UInt8]], name: Name?, at time: Instant) -> Objection? {
    guard let first = chain.first, let leaf = CertificateChain.x509(first) else {
      return .other("the server shows no certificate that can be read")
    }
    guard let store = store(at: time), let others = PeerTrust.stack(chain.dropFirst().prefix(PeerTrust.limit)),
      let context = OpenSSLHandle(X509_STORE_CTX_new(), X509_STORE_CTX_free)
    else { return .other(OpenSSLBytes.lastError()) }
    defer { OPENSSL_sk_pop_free(others) { X509_free($0.map { OpaquePointer($0) }) } }
    guard X509_STORE_CTX_init(context.pointer, store.pointer, leaf.pointer, others) == 1,
      X509_STORE_CTX_set_purpose(context.pointer, X509_PURPOSE_SSL_SERVER) == 1,
      let parameters = X509_STORE_CTX_get0_param(context.pointer)
    else { return .other(OpenSSLBytes.lastError()) }
    // What the file of authorities names is trusted, whether or not it is its own issuer.
    X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN))
    X509_VERIFY_PARAM_set_time(parameters, time_t(time.millisecondsSince1970 / 1000))
    switch name {
    case .host(let host):
      X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
      guard X509_VERIFY_PARAM_set1_host(parameters, host, 0) == 1 else { return .other(OpenSSLBytes.lastError()) }
    case .address(let address):
      guard X509_VERIFY_PARAM_set1_ip_asc(parameters, address) == 1 else { return .other(OpenSSLBytes.lastError()) }
    case nil: break
    }
    // Both have to say so: the call, and the code that it leaves.
    let isValid = X509_verify_cert(context.pointer) == 1
    let code = X509_STORE_CTX_get_error(context.pointer)
    if isValid, code == X509_V_OK { return nil }
    return objection(code, at: X509_STORE_CTX_get_current_cert(context.pointer) ?? leaf.pointer, leaf: leaf.pointer)
  }

  /// The time until which the first certificate is valid; nil where it cannot be read.
  public static func end(of certificate: [UInt8]) -> Instant? {
    guard let handle = CertificateChain.x509(certificate) else { return nil }
    return OpenSSLBytes.milliseconds(X509_get0_notAfter(handle.pointer)).map(Instant.init(millisecondsSince1970:))
  }

  private func objection(_ code: Int32, at certificate: OpaquePointer, leaf: OpaquePointer) -> Objection {
    func instant(_ time: UnsafePointer<ASN1_TIME>?) -> Instant {
      Instant(millisecondsSince1970: OpenSSLBytes.milliseconds(time) ?? 0)
    }
    let holder = OpenSSLBytes.name(X509_get_subject_name(certificate))
    switch code {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return .expired(holder: holder, at: instant(X509_get0_notAfter(certificate)))
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return .notYetValid(holder: holder, from: instant(X509_get0_notBefore(certificate)))
    case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
      return .wrongName(names: PeerTrust.names(leaf))
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_CERT_UNTRUSTED:
      return .unknownAuthority(issuer: OpenSSLBytes.name(X509_get_issuer_name(certificate)))
    default:
      return .other(String(cString: X509_verify_cert_error_string(Int(code))))
    }
  }

  /// The names of a certificate: those of its extension, else its holder's.
  private static func names(_ certificate: OpaquePointer) -> String {
    let place = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1)
    guard place >= 0, let names = X509_get_ext(certificate, place), let memory = BIO_new(BIO_s_mem()) else {
      return OpenSSLBytes.name(X509_get_subject_name(certificate))
    }
    defer { BIO_free(memory) }
    X509V3_EXT_print(memory, names, 0, 0)
    var text = [UInt8](repeating: 0, count: 1024)
    let count = BIO_read(memory, &text, Int32(text.count))
    return String(decoding: text.prefix(Int(max(0, count))), as: UTF8.self)
  }

  private func store(at time: Instant) -> OpenSSLHandle? {
    if let authorities { return authorities.store(at: time) }
    guard let store = OpenSSLHandle(X509_STORE_new(), X509_STORE_free),
      X509_STORE_set_default_paths(store.pointer) == 1
    else { return nil }
    return store
  }

  private static func stack(_ chain: some Sequence<[UInt8]>) -> OpaquePointer? {
    guard let stack = OPENSSL_sk_new_null() else { return nil }
    for der in chain {
      guard
        let certificate = OpenSSLBytes.reading(der, { d2i_X509(nil, $0, $1) }),
        OPENSSL_sk_push(stack, UnsafeRawPointer(certificate)) > 0
      else { continue }
    }
    return stack
  }
}
