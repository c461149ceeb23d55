import DrillCrypto
import DrillModel
import Foundation
import Testing

@Suite("keys")
struct KeyTests {
  /// Source: RFC 8032, section 7.1, test 2.
  static let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
  static let publicBytes = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
  static let signature = bytes(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
      + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
  )

  static func bytes(_ hex: String) -> [UInt8] {
    stride(from: 0, to: hex.count, by: 2).map { offset in
      let start = hex.index(hex.startIndex, offsetBy: offset)
      return UInt8(hex[start..<hex.index(start, offsetBy: 2)], radix: 16) ?? 0
    }
  }

  @Test("Ed25519 gives the published key and signature")
  func published() throws {
    let key = try SigningKey(ed25519: KeyTests.seed)
    #expect(key.publicKey.raw == KeyTests.publicBytes)
    #expect(try key.sign([0x72]) == KeyTests.signature)
    #expect(try PublicKey(raw: KeyTests.publicBytes, algorithm: .ed25519).verifies(KeyTests.signature, of: [0x72]))
  }

  @Test("a key of either kind signs, verifies, and survives its written forms", arguments: KeyAlgorithm.allCases)
  func roundTrip(algorithm: KeyAlgorithm) throws {
    let key = try SigningKey.generate(algorithm)
    let message = Array("message".utf8)
    let signature = try key.sign(message)
    #expect(key.publicKey.verifies(signature, of: message))
    #expect(!key.publicKey.verifies(signature, of: message + [0]))
    #expect(!key.publicKey.verifies([], of: message))
    for index in signature.indices {
      var changed = signature
      changed[index] ^= 1
      #expect(!key.publicKey.verifies(changed, of: message))
    }
    #expect(!(try SigningKey.generate(algorithm).publicKey.verifies(signature, of: message)))

    let again = try SigningKey(pem: Array(key.revealPEM().utf8))
    #expect(again.publicKey == key.publicKey)
    #expect(key.publicKey.verifies(try again.sign(message), of: message))
    #expect(try PublicKey(pem: Array(key.publicKey.pem.utf8)) == key.publicKey)
    #expect(try PublicKey(spki: key.publicKey.spki) == key.publicKey)
    #expect(try PublicKey(raw: key.publicKey.raw, algorithm: algorithm) == key.publicKey)
    #expect(key.publicKey.keyID == SHA256.digest(key.publicKey.spki).hex)
  }

  private func code(_ body: () throws -> Void) -> DrillError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? DrillError)?.code
    }
  }

  @Test("what is no key is refused with its code and never crashes")
  func unreadable() throws {
    let key = try SigningKey.generate(.ecdsaP256)
    let pem = Array(key.revealPEM().utf8)
    for end in stride(from: 0, to: pem.count - 30, by: 7) {
      #expect(code { _ = try SigningKey(pem: Array(pem.prefix(end))) } == .keyUnreadable)
    }
    let spki = key.publicKey.spki
    for end in 0..<spki.count { #expect(code { _ = try PublicKey(spki: Array(spki.prefix(end))) } == .keyUnreadable) }
    #expect(code { _ = try PublicKey(spki: spki + [0]) } == .keyUnreadable)
    #expect(code { _ = try PublicKey(pem: pem) } == .keyUnreadable)
    #expect(code { _ = try SigningKey(pem: Array(key.publicKey.pem.utf8)) } == .keyUnreadable)
    #expect(code { _ = try SigningKey(ed25519: [1, 2, 3]) } == .keyUnreadable)
    #expect(code { _ = try PublicKey(raw: [UInt8](repeating: 7, count: 65), algorithm: .ecdsaP256) } == .keyUnreadable)
    #expect(code { _ = try SigningKey(pem: Array("-----BEGIN ENCRYPTED PRIVATE KEY-----\n".utf8)) } == .keyUnreadable)
    #expect(code { _ = try KeyFile.readPublicKey("/nonexistent/key.pub") } == .keyUnreadable)
    #expect(code { _ = try KeyFile.readPublicKey("/dev/null") } == .keyUnreadable)
  }

  @Test("no print of a key shows its secret")
  func secrecy() throws {
    let key = try SigningKey(ed25519: KeyTests.seed)
    var dumped = ""
    dump(key, to: &dumped)
    let secret = key.revealPEM().split(separator: "\n")[1].suffix(20)
    #expect(!"\(key) \(String(reflecting: key)) \(dumped)".contains(secret))
  }

  @Test("key files are private, read back, and never overwritten", arguments: KeyAlgorithm.allCases)
  func files(algorithm: KeyAlgorithm) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keys-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let key = try SigningKey.generate(algorithm)
    try KeyFile.write(key, to: folder + "/seal.pem")
    #expect(try KeyFile.readSigningKey(folder + "/seal.pem").publicKey == key.publicKey)
    #expect(try KeyFile.readPublicKey(folder + "/seal.pem.pub") == key.publicKey)
    let mode = try FileManager.default.attributesOfItem(atPath: folder + "/seal.pem")[.posixPermissions] as? Int
    #expect(mode == 0o600)
    #expect(code { try KeyFile.write(key, to: folder + "/seal.pem") } == .io)
  }
}
