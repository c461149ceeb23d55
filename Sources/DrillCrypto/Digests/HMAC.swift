internal import COpenSSL
public import DrillModel

/// HMAC-SHA256: how keys of the data store are named where they must not be shown.
///
/// Source: RFC 2104; the tests hold the vectors of RFC 4231.
public enum HMAC {
  public static func sha256(key: [UInt8], message: [UInt8]) -> Digest {
    var code = [UInt8](repeating: 0, count: 32)
    var count: UInt32 = 0
    // An empty key is a key, whereas a null pointer asks OpenSSL for the one of its last call.
    let held = key.isEmpty ? [0] : key
    let result = COpenSSL.HMAC(EVP_sha256(), held, Int32(key.count), message, message.count, &code, &count)
    precondition(result != nil && count == 32, "OpenSSL has no HMAC-SHA256")
    return code.withUnsafeBytes { Digest($0) }
  }
}
