public import DrillCrypto
public import DrillModel
import Foundation

// Stands in until the crypto target has these.
enum HMACSHA256 {
  static func code(_ message: [UInt8], secret: [UInt8]) -> Digest {
    let key = (secret.count > 64 ? SHA256.digest(secret).bytes : secret) + Array(repeating: 0, count: 64)
    let block = key.prefix(64)
    return SHA256.digest(block.map { $0 ^ 0x5C } + SHA256.digest(block.map { $0 ^ 0x36 } + message).bytes)
  }
}

public struct TreeHead: Hashable, Sendable {
  public var origin: String
  public var size: UInt64
  public var root: Digest
  public init(origin: String, size: UInt64, root: Digest) throws {
    self.origin = origin
    self.size = size
    self.root = root
  }
  public init(origin: String, _ tree: MerkleTree) throws {
    try self.init(origin: origin, size: tree.size, root: tree.root)
  }
  public var text: String { "\(origin)\n\(size)\n\(Data(root.bytes).base64EncodedString())\n" }
  public init?(text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 4, lines[3].isEmpty, let size = UInt64(lines[1]),
      let root = Data(base64Encoded: String(lines[2])),
      root.count == 32,
      let head = try? TreeHead(origin: String(lines[0]), size: size, root: root.withUnsafeBytes { Digest($0) }),
      head.text == text
    else { return nil }
    self = head
  }
}
