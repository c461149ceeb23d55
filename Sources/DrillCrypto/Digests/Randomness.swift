internal import COpenSSL

/// Random bytes for secrets and keys, from OpenSSL's generator. Never for samples or workloads: those come from a seed.
public enum Randomness {
  /// - Precondition: the machine has a source of randomness; without one nothing may go on.
  public static func bytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    precondition(RAND_bytes(&bytes, Int32(count)) == 1, "the machine gives no random bytes")
    return bytes
  }
}
