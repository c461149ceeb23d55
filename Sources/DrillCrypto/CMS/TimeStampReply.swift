internal import COpenSSL
public import DrillModel

/// A time-stamp authority's reply: what existed when, by the authority's word and signature.
///
/// Source: RFC 3161, sections 2.4.2 and 2.3 (the certificate's one purpose is timeStamping, critical); OpenSSL 3.0, TS_RESP_verify_response.
public struct TimeStampReply: Hashable, Sendable {
  public let bytes: [UInt8]
  /// When it was stamped.
  public let time: Instant
  /// SHA-256 of what was stamped.
  public let digest: Digest
  private let nonce: [UInt8]?

  /// Reads a reply.
  ///
  /// - Throws: ``StrictJSON/Refusal``-like words in a `protocol-violation` where it grants nothing or cannot be read.
  public init(_ bytes: [UInt8]) throws {
    func refused(_ detail: String) -> DrillError {
      ERR_clear_error()
      return DrillError(.protocolViolation, subject: "time stamp", detail: detail)
    }
    guard bytes.count <= 1 << 20,
      let reply = OpenSSLHandle(OpenSSLBytes.reading(bytes) { d2i_TS_RESP(nil, $0, $1) }, TS_RESP_free),
      OpenSSLBytes.der({ i2d_TS_RESP(reply.pointer, $0) }) == bytes
    else { throw refused("the authority's answer is not a time-stamp reply in DER") }
    guard let status = TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(reply.pointer)),
      [0, 1].contains(ASN1_INTEGER_get(status)), let info = TS_RESP_get_tst_info(reply.pointer)
    else { throw refused("the authority granted no time stamp") }
    guard let digest = TimeStampRequest.digest(TS_TST_INFO_get_msg_imprint(info)) else {
      throw refused("the time stamp is not over a SHA-256 digest")
    }
    guard let time = OpenSSLBytes.milliseconds(TS_TST_INFO_get_time(info)) else {
      throw refused("the time stamp states no time")
    }
    self.bytes = bytes
    self.time = Instant(millisecondsSince1970: time)
    self.digest = digest
    nonce = TS_TST_INFO_get_nonce(info).flatMap { TimeStampRequest.number($0) }
  }

  /// Whether it answers this very query.
  public func answers(_ request: TimeStampRequest) -> Bool { digest == request.digest && nonce == request.nonce }

  /// Whether the certificate that it carries signed it and is for time stamps and for nothing else, whoever issued it.
  public var isSignedForTimeStamping: Bool {
    defer { ERR_clear_error() }
    guard let reply = parsed(), let token = TS_RESP_get_token(reply.pointer),
      let output = OpenSSLHandle(BIO_new(BIO_s_mem()), { BIO_free($0) }),
      PKCS7_verify(token, nil, nil, nil, output.pointer, PKCS7_NOVERIFY) == 1,
      let signers = PKCS7_get0_signers(token, nil, 0)
    else { return false }
    defer { OPENSSL_sk_free(signers) }
    guard OPENSSL_sk_num(signers) == 1, let signer = OPENSSL_sk_value(signers, 0).map({ OpaquePointer($0) }) else {
      return false
    }
    return X509_check_purpose(signer, X509_PURPOSE_TIMESTAMP_SIGN, 0) == 1
  }

  /// Whether an authority signed it that leads to one of `roots`, its certificate valid at the time that it states.
  public func chain(to roots: CertificateChain, answering request: TimeStampRequest) -> ChainOutcome {
    defer { ERR_clear_error() }
    guard let reply = parsed(), let token = TS_RESP_get_token(reply.pointer),
      let signers = PKCS7_get0_signers(token, nil, 0)
    else { return .refused("the time stamp has no signer") }
    defer { OPENSSL_sk_free(signers) }
    guard OPENSSL_sk_num(signers) == 1, let signer = OPENSSL_sk_value(signers, 0).map({ OpaquePointer($0) }),
      let store = roots.store(at: time)
    else { return .refused("the time stamp has no single signer") }
    let beside = token.pointee.d.sign?.pointee.cert
    let outcome = ChainOutcome(of: signer, beside: beside, store: store.pointer)
    guard outcome == .trusted else { return outcome }
    return isVerified(reply.pointer, request, roots) ? .trusted : .refused("the time stamp's signature does not verify")
  }

  /// OpenSSL's own whole check: signature, signing certificate, purpose, chain, version, imprint, nonce.
  private func isVerified(_ reply: OpaquePointer, _ request: TimeStampRequest, _ roots: CertificateChain) -> Bool {
    guard
      let query = OpenSSLHandle(OpenSSLBytes.reading(request.bytes) { d2i_TS_REQ(nil, $0, $1) }, TS_REQ_free),
      let context = OpenSSLHandle(TS_REQ_to_TS_VERIFY_CTX(query.pointer, nil), TS_VERIFY_CTX_free),
      let store = roots.store(at: time)
    else { return false }
    _ = TS_VERIFY_CTX_add_flags(context.pointer, Int32(TS_VFY_SIGNATURE))
    // The context frees the store that it is given.
    X509_STORE_up_ref(store.pointer)
    _ = TS_VERIFY_CTX_set_store(context.pointer, store.pointer)
    return TS_RESP_verify_response(context.pointer, reply) == 1
  }

  private func parsed() -> OpenSSLHandle? {
    OpenSSLHandle(OpenSSLBytes.reading(bytes) { d2i_TS_RESP(nil, $0, $1) }, TS_RESP_free)
  }
}
