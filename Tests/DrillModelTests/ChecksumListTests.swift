import DrillCrypto
import DrillModel
import Foundation
import Testing

@Suite("lists of digests, and signatures below them")
struct ChecksumListTests {
  private static let digits = String(repeating: "ab", count: 32)

  private func names(_ text: String) throws -> [String] {
    try ChecksumList(Array(text.utf8), subject: "SUMS").lines.map(\.name)
  }

  @Test("every form that sha256sum and its kin write is read")
  func forms() throws {
    let d = Self.digits
    #expect(try names("\(d)  a.rdb\n\(d) *b.rdb\nSHA256 (c (1).rdb) = \(d)\n") == ["a.rdb", "b.rdb", "c (1).rdb"])
    #expect(try names("\\\(d)  new\\nline\\\\and\\r\n") == ["new\nline\\and\r"])
    #expect(try names("# made by cron\n\n\(d.uppercased())  ./a.rdb\r\n") == ["a.rdb"])
    #expect(try names("\(d)  with  two spaces") == ["with  two spaces"])
  }

  @Test(
    "a list that is understood in part is refused with its line",
    arguments: [
      "\(digits)\n", "\(digits.dropLast())  a\n", "SHA1 (a) = \(digits)\n", "\(digits) a\n", "\\\(digits)  a\\q\n",
      "hello\n", "", "\(digits)  \n",
    ])
  func refused(_ text: String) {
    #expect { try ChecksumList(Array(text.utf8), subject: "SUMS") } throws: {
      ($0 as? DrillError)?.code == .badFile
    }
  }

  @Test("a name with two digests is refused, and with one digest twice it is one")
  func twice() throws {
    let other = String(repeating: "cd", count: 32)
    #expect(throws: DrillError.self) { try names("\(Self.digits)  a\n\(other)  a\n") }
    #expect(try names("\(Self.digits)  a\n\(Self.digits)  a\n") == ["a"])
  }

  // MARK: minisign

  /// A key and a signature in minisign's form, made here from its description.
  private struct Minisign {
    var key = try? SigningKey.generate(.ed25519)
    var id: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    var comment = "timestamp:1"
    var signedComment: String?

    func publicKey() throws -> [UInt8] {
      let key = try #require(key)
      return Array("untrusted comment: a key\n\(Base64.encode(Array("Ed".utf8) + id + key.publicKey.raw))\n".utf8)
    }

    func signature(of message: [UInt8]) throws -> [UInt8] {
      let key = try #require(key)
      let bare = try key.sign(message)
      let global = try key.sign(bare + Array((signedComment ?? comment).utf8))
      return Array(
        """
        untrusted comment: signature
        \(Base64.encode(Array("Ed".utf8) + id + bare))
        trusted comment: \(comment)
        \(Base64.encode(global))

        """.utf8)
    }
  }

  private func outcome(_ signature: [UInt8], _ message: [UInt8], _ key: [UInt8]) throws -> DetachedChecksum? {
    try DetachedChecksum.verify(signature, of: message, key: key, subject: "key")
  }

  private func isBad(_ outcome: DetachedChecksum?) -> Bool { if case .bad? = outcome { true } else { false } }
  private func isGood(_ outcome: DetachedChecksum?) -> Bool { if case .good? = outcome { true } else { false } }

  @Test("minisign's old form: each changed byte, the comment and another key are told apart")
  func minisignLegacy() throws {
    let message = Array("a list".utf8)
    let mine = Minisign()
    let signature = try mine.signature(of: message)
    #expect(try outcome(signature, message, try mine.publicKey()) == .good(by: "minisign key 0807060504030201"))
    #expect(isBad(try outcome(signature, message + [1], try mine.publicKey())))
    for index in signature.indices where signature[index] != 10 {
      var changed = signature
      changed[index] ^= 1
      let isUntrustedComment =
        index < "untrusted comment: signature".utf8.count && index >= "untrusted comment:".utf8.count
      let told = try outcome(changed, message, try mine.publicKey())
      #expect(isGood(told) == isUntrustedComment, "byte \(index)")
    }
    for count in signature.indices {
      #expect(
        !isGood(try outcome(Array(signature[..<count]), message, try mine.publicKey())) || count >= signature.count - 3)
    }
    var other = Minisign()
    other.id = [9, 9, 9, 9, 9, 9, 9, 9]
    if case .ofAnotherKey? = try outcome(signature, message, try other.publicKey()) {
    } else {
      Issue.record("told as another")
    }
    #expect(isBad(try outcome(signature, message, try Minisign().publicKey())))
    var commented = mine
    commented.signedComment = "timestamp:2"
    #expect(isBad(try outcome(try commented.signature(of: message), message, try mine.publicKey())))
  }

  @Test("what the minisign program writes, prehashed and not, verifies", arguments: [[], ["-l"]])
  func minisignProgram(_ form: [String]) throws {
    let program = "/usr/bin/minisign"
    guard FileManager.default.isExecutableFile(atPath: program) else {
      print("not tried: there is no minisign")
      return
    }
    try withFolder { folder in
      try run(program, ["-G", "-W", "-p", folder + "/key.pub", "-s", folder + "/key"])
      try Data("a list\n".utf8).write(to: URL(fileURLWithPath: folder + "/SUMS"))
      try run(program, ["-S"] + form + ["-s", folder + "/key", "-m", folder + "/SUMS", "-x", folder + "/sig"])
      let (key, signature) = (try bytes(folder + "/key.pub"), try bytes(folder + "/sig"))
      #expect(isGood(try outcome(signature, Array("a list\n".utf8), key)))
      #expect(isBad(try outcome(signature, Array("a lisT\n".utf8), key)))
    }
  }

  // MARK: OpenSSL

  @Test(
    "what openssl signs verifies with the public half alone",
    arguments: [
      ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
      ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], ["genpkey", "-algorithm", "ED25519"],
    ])
  func openSSL(_ generate: [String]) throws {
    let program = "/usr/bin/openssl"
    try withFolder { folder in
      try run(program, generate + ["-out", folder + "/key"])
      try run(program, ["pkey", "-in", folder + "/key", "-pubout", "-out", folder + "/key.pub"])
      try Data("a list\n".utf8).write(to: URL(fileURLWithPath: folder + "/SUMS"))
      if generate.contains("ED25519") {
        try run(
          program,
          ["pkeyutl", "-sign", "-rawin", "-inkey", folder + "/key", "-in", folder + "/SUMS", "-out", folder + "/sig"])
      } else {
        try run(program, ["dgst", "-sha256", "-sign", folder + "/key", "-out", folder + "/sig", folder + "/SUMS"])
      }
      let (key, signature) = (try bytes(folder + "/key.pub"), try bytes(folder + "/sig"))
      let message = Array("a list\n".utf8)
      #expect(isGood(try outcome(signature, message, key)))
      #expect(isGood(try outcome(Array(Base64.encode(signature).utf8) + [10], message, key)))
      #expect(isBad(try outcome(signature, message + [0], key)))
      #expect(isBad(try outcome([], message, key)))
      #expect(throws: DrillError.self) { try outcome(signature, message, try bytes(folder + "/key")) }
    }
  }

  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "sums-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

  private func run(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(arguments)")
  }
}
