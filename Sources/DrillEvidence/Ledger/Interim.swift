import DrillCrypto
import DrillModel

// Stands in until the crypto target has these.
enum HMACSHA256 {
  static func code(_ message: [UInt8], secret: [UInt8]) -> Digest {
    let key = (secret.count > 64 ? SHA256.digest(secret).bytes : secret) + Array(repeating: 0, count: 64)
    let block = key.prefix(64)
    return SHA256.digest(block.map { $0 ^ 0x5C } + SHA256.digest(block.map { $0 ^ 0x36 } + message).bytes)
  }
}
