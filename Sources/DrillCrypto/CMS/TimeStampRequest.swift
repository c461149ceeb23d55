internal import COpenSSL
public import DrillModel

/// A question to a time-stamp authority: a digest, a nonce, and that the reply shall carry the authority's certificate.
///
/// Source: RFC 3161, section 2.4.1.
public struct TimeStampRequest: Hashable, Sendable {
  public let bytes: [UInt8]
  /// SHA-256 of what is to be stamped.
  public let digest: Digest
  let nonce: [UInt8]

  /// - Throws: `io` where OpenSSL does not make one.
  public init(stamping digest: Digest, nonce: [UInt8] = Randomness.bytes(16)) throws {
    guard let bytes = TimeStampRequest.encoded(digest, nonce), let request = TimeStampRequest(bytes) else {
      throw DrillError(
        .io, subject: "time stamp", detail: "OpenSSL makes no time-stamp query: \(OpenSSLBytes.lastError())")
    }
    self = request
  }

  private static func encoded(_ digest: Digest, _ nonce: [UInt8]) -> [UInt8]? {
    guard let request = OpenSSLHandle(TS_REQ_new(), TS_REQ_free),
      let imprint = OpenSSLHandle(TS_MSG_IMPRINT_new(), TS_MSG_IMPRINT_free),
      let algorithm = X509_ALGOR_new(), let number = ASN1_INTEGER_new(),
      let big = BN_bin2bn(nonce, Int32(nonce.count), nil)
    else { return nil }
    defer {
      X509_ALGOR_free(algorithm)
      ASN1_INTEGER_free(number)
      BN_free(big)
    }
    var message = digest.bytes
    guard X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, nil) == 1,
      TS_MSG_IMPRINT_set_algo(imprint.pointer, algorithm) == 1,
      TS_MSG_IMPRINT_set_msg(imprint.pointer, &message, Int32(message.count)) == 1,
      BN_to_ASN1_INTEGER(big, number) != nil,
      TS_REQ_set_version(request.pointer, 1) == 1, TS_REQ_set_msg_imprint(request.pointer, imprint.pointer) == 1,
      TS_REQ_set_nonce(request.pointer, number) == 1, TS_REQ_set_cert_req(request.pointer, 1) == 1
    else { return nil }
    return OpenSSLBytes.der { i2d_TS_REQ(request.pointer, $0) }
  }

  /// Reads a query; nil unless it is one of ours in form: SHA-256, a nonce, a certificate asked for, nothing beside it.
  public init?(_ bytes: [UInt8]) {
    defer { ERR_clear_error() }
    guard bytes.count <= 1 << 16,
      let request = OpenSSLHandle(OpenSSLBytes.reading(bytes) { d2i_TS_REQ(nil, $0, $1) }, TS_REQ_free),
      OpenSSLBytes.der({ i2d_TS_REQ(request.pointer, $0) }) == bytes, TS_REQ_get_cert_req(request.pointer) == 1,
      let digest = TimeStampRequest.digest(TS_REQ_get_msg_imprint(request.pointer)),
      let nonce = TS_REQ_get_nonce(request.pointer).flatMap({ TimeStampRequest.number($0) })
    else { return nil }
    self.bytes = bytes
    self.digest = digest
    self.nonce = nonce
  }

  /// The SHA-256 digest that an imprint holds; nil for any other kind.
  static func digest(_ imprint: OpaquePointer?) -> Digest? {
    guard let imprint, let algorithm = TS_MSG_IMPRINT_get_algo(imprint)?.pointee.algorithm,
      OBJ_obj2nid(algorithm) == NID_sha256, let message = TS_MSG_IMPRINT_get_msg(imprint),
      ASN1_STRING_length(message) == 32, let data = ASN1_STRING_get0_data(message)
    else { return nil }
    return Digest(UnsafeRawBufferPointer(start: data, count: 32))
  }

  static func number(_ integer: UnsafePointer<ASN1_INTEGER>) -> [UInt8]? {
    guard let big = ASN1_INTEGER_to_BN(integer, nil) else { return nil }
    defer { BN_free(big) }
    var bytes = [UInt8](repeating: 0, count: Int(BN_num_bits(big) + 7) / 8)
    return BN_bn2bin(big, &bytes) == Int32(bytes.count) ? bytes : nil
  }
}
