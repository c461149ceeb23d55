import DrillCrypto
import DrillModel

/// A secret that a request must carry, kept as its digest.
struct BearerToken: Sendable {
  private let digest: [UInt8]

  init(_ token: String) { digest = SHA256.digest(Array(token.utf8)).bytes }

  /// Compared by digests, in constant time: neither where two tokens differ nor how long the right one is can be measured.
  func isCarried(by authorization: String?) -> Bool {
    // Source: RFC 9110, section 11.1: the scheme's name is case-insensitive.
    guard let authorization, authorization.prefix(7).lowercased() == "bearer " else { return false }
    let token = authorization.dropFirst(7).drop { $0 == " " }
    return ConstantTime.isEqual(SHA256.digest(Array(token.utf8)).bytes, digest)
  }
}
