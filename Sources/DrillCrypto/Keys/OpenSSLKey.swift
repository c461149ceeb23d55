internal import COpenSSL
internal import DrillModel

/// An OpenSSL key for as long as one call needs it; freed when it goes.
struct OpenSSLKey: ~Copyable {
  let pointer: OpaquePointer

  init?(_ pointer: OpaquePointer?) {
    guard let pointer else {
      ERR_clear_error()
      return nil
    }
    self.pointer = pointer
  }

  deinit { EVP_PKEY_free(pointer) }

  /// Nil for a key of another kind than ours.
  var algorithm: KeyAlgorithm? {
    if EVP_PKEY_is_a(pointer, "ED25519") == 1 { return .ed25519 }
    var name = [CChar](repeating: 0, count: 64)
    var count = 0
    guard EVP_PKEY_is_a(pointer, "EC") == 1, EVP_PKEY_get_group_name(pointer, &name, name.count, &count) == 1 else {
      ERR_clear_error()
      return nil
    }
    return name.prefix(count).elementsEqual("prime256v1".utf8.map { CChar($0) }) ? .ecdsaP256 : nil
  }

  /// Ed25519: 32 bytes; P-256: the uncompressed point, 65 bytes, however the key was written down.
  func rawPublicKey(_ algorithm: KeyAlgorithm) -> [UInt8]? {
    switch algorithm {
    case .ed25519:
      var raw = [UInt8](repeating: 0, count: 32)
      var count = raw.count
      return EVP_PKEY_get_raw_public_key(pointer, &raw, &count) == 1 && count == 32 ? raw : nil
    case .ecdsaP256:
      guard let x = coordinate(OSSL_PKEY_PARAM_EC_PUB_X), let y = coordinate(OSSL_PKEY_PARAM_EC_PUB_Y) else {
        return nil
      }
      return [4] + x + y
    }
  }

  private func coordinate(_ name: String) -> [UInt8]? {
    var number: OpaquePointer?
    guard EVP_PKEY_get_bn_param(pointer, name, &number) == 1, let number else { return nil }
    defer { BN_free(number) }
    var bytes = [UInt8](repeating: 0, count: 32)
    return BN_bn2binpad(number, &bytes, 32) == 32 ? bytes : nil
  }

  static func reading<R>(_ bytes: [UInt8], _ body: (OpaquePointer) -> R?) -> R? {
    guard !bytes.isEmpty, let count = Int32(exactly: bytes.count) else { return nil }
    return bytes.withUnsafeBytes { buffer in
      guard let memory = BIO_new_mem_buf(buffer.baseAddress, count) else { return nil }
      defer { BIO_free(memory) }
      return body(memory)
    }
  }
}
