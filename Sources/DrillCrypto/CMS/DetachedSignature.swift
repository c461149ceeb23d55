internal import COpenSSL
public import DrillModel

/// A detached CMS signature over a file, in DER, as `openssl cms -verify -binary -inform DER -content FILE` takes it.
///
/// Source: RFC 5652; OpenSSL 3.0, CMS_sign(3) and CMS_verify(3).
public struct DetachedSignature: Hashable, Sendable {
  public let bytes: [UInt8]

  /// The time that the signer claims; a time stamp is what proves it.
  public let signingTime: Instant?
  /// Whose certificate it is, and who issued it, as RFC 2253 writes names.
  public let signer: String
  public let issuer: String
  /// From when to when the signer's certificate is valid.
  public let validFrom: Instant
  public let validTo: Instant

  /// Signs with SHA-256; the chain goes along.
  ///
  /// - Parameter time: what is signed as the time of signing.
  /// - Throws: `key-unreadable` where key and certificate do not belong together, or the certificate is not valid at `time` or not for signatures.
  public init(signing content: [UInt8], with key: DocumentKey, chain: CertificateChain, at time: Instant) throws {
    func refused(_ detail: String) -> DrillError { DrillError(.keyUnreadable, subject: "certificate", detail: detail) }
    guard let first = chain.certificates.first, let signer = CertificateChain.x509(first), let validity = chain.validity
    else { throw refused("there is no certificate to sign with") }
    guard time >= validity.from else {
      throw refused("the certificate of \(chain.holder) is not valid before \(validity.from)")
    }
    guard time <= validity.to else { throw refused("the certificate of \(chain.holder) expired at \(validity.to)") }
    guard DetachedSignature.maySign(signer.pointer) else {
      throw refused("the certificate of \(chain.holder) is not for digital signatures")
    }
    let der = try key.withKey { key -> [UInt8]? in
      guard X509_check_private_key(signer.pointer, key) == 1 else {
        ERR_clear_error()
        throw refused(
          "the key is not the one that the certificate of \(chain.holder) names; the signer's certificate comes first")
      }
      return DetachedSignature.sign(content, signer.pointer, key, above: chain.certificates.dropFirst(), time)
    }
    guard let der = der ?? nil, let made = DetachedSignature(der) else {
      throw refused("OpenSSL does not sign: \(OpenSSLBytes.lastError())")
    }
    self = made
  }

  private static func sign(
    _ content: [UInt8], _ signer: OpaquePointer, _ key: OpaquePointer, above: ArraySlice<[UInt8]>, _ time: Instant
  ) -> [UInt8]? {
    let flags = UInt32(CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP | CMS_PARTIAL)
    guard let cms = OpenSSLHandle(CMS_sign(nil, nil, nil, nil, flags), CMS_ContentInfo_free),
      let info = CMS_add1_signer(cms.pointer, signer, key, EVP_sha256(), flags),
      let when = ASN1_TIME_set(nil, time_t(time.millisecondsSince1970 / 1000))
    else { return nil }
    defer { ASN1_STRING_free(when) }
    guard CMS_signed_add1_attr_by_NID(info, NID_pkcs9_signingTime, when.pointee.type, when, -1) == 1 else { return nil }
    for der in above {
      guard let certificate = CertificateChain.x509(der), CMS_add1_cert(cms.pointer, certificate.pointer) == 1 else {
        return nil
      }
    }
    let isFinal = OpenSSLKey.reading(content) { CMS_final(cms.pointer, $0, nil, flags & ~UInt32(CMS_PARTIAL)) }
    return isFinal == 1 ? OpenSSLBytes.der { i2d_CMS_ContentInfo(cms.pointer, $0) } : nil
  }

  /// Reads a signature; nil unless it is one detached CMS signature by one signer, in DER without anything beside it.
  public init?(_ bytes: [UInt8]) {
    defer { ERR_clear_error() }
    guard bytes.count <= 1 << 20, let cms = DetachedSignature.parsed(bytes), CMS_is_detached(cms.pointer) == 1,
      OpenSSLBytes.der({ i2d_CMS_ContentInfo(cms.pointer, $0) }) == bytes,
      let info = DetachedSignature.onlySigner(cms.pointer), let certificates = CMS_get1_certs(cms.pointer)
    else { return nil }
    defer { DetachedSignature.free(certificates) }
    guard let signer = DetachedSignature.signer(info, certificates),
      let from = OpenSSLBytes.milliseconds(X509_get0_notBefore(signer)),
      let to = OpenSSLBytes.milliseconds(X509_get0_notAfter(signer))
    else { return nil }
    self.bytes = bytes
    self.signer = OpenSSLBytes.name(X509_get_subject_name(signer))
    issuer = OpenSSLBytes.name(X509_get_issuer_name(signer))
    validFrom = Instant(millisecondsSince1970: from)
    validTo = Instant(millisecondsSince1970: to)
    signingTime = DetachedSignature.signingTime(info).map { Instant(millisecondsSince1970: $0) }
  }

  /// Whether it is a signature over `content` by the certificate that it carries, whoever that is, with a digest that is not broken.
  public func verifies(_ content: [UInt8]) -> Bool {
    defer { ERR_clear_error() }
    guard let cms = DetachedSignature.parsed(bytes), let info = DetachedSignature.onlySigner(cms.pointer),
      DetachedSignature.hasSoundDigest(info)
    else { return false }
    let flags = UInt32(CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY)
    return OpenSSLKey.reading(content) { CMS_verify(cms.pointer, nil, nil, $0, nil, flags) } == 1
  }

  /// Whether the certificate leads to one of `roots`, with the clock at `time`.
  public func chain(to roots: CertificateChain, at time: Instant) -> ChainOutcome {
    defer { ERR_clear_error() }
    guard let cms = DetachedSignature.parsed(bytes), let store = roots.store(at: time),
      let certificates = CMS_get1_certs(cms.pointer)
    else { return .refused("cannot be read") }
    defer { DetachedSignature.free(certificates) }
    guard let info = DetachedSignature.onlySigner(cms.pointer),
      let signer = DetachedSignature.signer(info, certificates)
    else { return .refused("has no single signer") }
    guard DetachedSignature.maySign(signer) else { return .refused("the certificate is not for digital signatures") }
    return ChainOutcome(of: signer, beside: certificates, store: store.pointer)
  }

  private static func parsed(_ bytes: [UInt8]) -> OpenSSLHandle? {
    OpenSSLHandle(OpenSSLBytes.reading(bytes) { d2i_CMS_ContentInfo(nil, $0, $1) }, CMS_ContentInfo_free)
  }

  private static func onlySigner(_ cms: OpaquePointer) -> OpaquePointer? {
    guard let signers = CMS_get0_SignerInfos(cms), OPENSSL_sk_num(signers) == 1 else { return nil }
    return OPENSSL_sk_value(signers, 0).map { OpaquePointer($0) }
  }

  /// The certificate that the signature names.
  private static func signer(_ info: OpaquePointer, _ certificates: OpaquePointer) -> OpaquePointer? {
    (0..<OPENSSL_sk_num(certificates)).lazy.compactMap { OPENSSL_sk_value(certificates, $0).map { OpaquePointer($0) } }
      .first { CMS_SignerInfo_cert_cmp(info, $0) == 0 }
  }

  private static func free(_ certificates: OpaquePointer) {
    OPENSSL_sk_pop_free(certificates) { X509_free($0.map { OpaquePointer($0) }) }
  }

  private static func signingTime(_ info: OpaquePointer) -> Int64? {
    let identifier = OBJ_nid2obj(NID_pkcs9_signingTime)
    for type in [V_ASN1_UTCTIME, V_ASN1_GENERALIZEDTIME] {
      // -3: there must be one, with one value. Source: CMS_signed_get0_data_by_OBJ(3).
      if let value = CMS_signed_get0_data_by_OBJ(info, identifier, -3, type) {
        return OpenSSLBytes.milliseconds(value.assumingMemoryBound(to: ASN1_TIME.self))
      }
    }
    return nil
  }

  private static func hasSoundDigest(_ info: OpaquePointer) -> Bool {
    var digest: UnsafeMutablePointer<X509_ALGOR>?
    CMS_SignerInfo_get0_algs(info, nil, nil, &digest, nil)
    guard let identifier = digest?.pointee.algorithm else { return false }
    return [NID_sha256, NID_sha384, NID_sha512].contains(OBJ_obj2nid(identifier))
  }

  /// Certificates without the extension may sign. Source: RFC 5280, section 4.2.1.3.
  private static func maySign(_ certificate: OpaquePointer) -> Bool {
    X509_get_key_usage(certificate) & UInt32(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION) != 0
  }
}

extension ChainOutcome {
  /// Follows a certificate up to the store's roots by way of those beside it.
  init(of certificate: OpaquePointer, beside others: OpaquePointer?, store: OpaquePointer) {
    guard let context = OpenSSLHandle(X509_STORE_CTX_new(), X509_STORE_CTX_free),
      X509_STORE_CTX_init(context.pointer, store, certificate, others) == 1
    else {
      self = .refused("OpenSSL cannot follow the chain")
      return
    }
    if X509_verify_cert(context.pointer) == 1 {
      self = .trusted
      return
    }
    self.init(code: X509_STORE_CTX_get_error(context.pointer))
  }

  init(code: Int32) {
    switch code {
    case X509_V_ERR_CERT_HAS_EXPIRED: self = .expired
    case X509_V_ERR_CERT_NOT_YET_VALID: self = .notYetValid
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
      X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      self = .noTrustedRoot
    default: self = .refused(String(cString: X509_verify_cert_error_string(Int(code))))
    }
  }
}
