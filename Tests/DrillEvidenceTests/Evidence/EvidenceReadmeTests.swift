import DrillCrypto
import DrillEvidence
import DrillModel
import Foundation
import Testing

/// The archive's README is all that an auditor has: what it says to type is typed here, with the `openssl` of this machine.
@Suite("The README in an archive of evidence")
struct EvidenceReadmeTests {
  struct Variant: Sendable, CustomTestStringConvertible {
    var algorithm: KeyAlgorithm
    var document: String?
    var isStamped = false
    var goesOn = false
    var testDescription: String { "\(algorithm.rawValue) \(document ?? "") \(isStamped) \(goesOn)" }
  }

  /// The commands of the README, in their order.
  private static func commands(_ readme: [UInt8]) throws -> String {
    let blocks = String(decoding: readme, as: UTF8.self).components(separatedBy: "```sh\n").dropFirst()
    try #require(blocks.count >= 6)
    return try blocks.map { try #require($0.components(separatedBy: "\n```").first) }.joined(separator: "\n")
  }

  private static func archives(
    _ variant: Variant, in folder: String
  ) async throws -> (first: [UInt8], second: [UInt8], key: SigningKey, authority: TestAuthority) {
    let authority = try TestAuthority(in: folder)
    let ledger = try SampleEvidence.ledger(at: folder + "/ledger.sqlite")
    let key = try SigningKey.generate(variant.algorithm)
    func archive(_ request: EvidenceRequest) async throws -> [UInt8] {
      let contents = try EvidenceContents(of: ledger, request)
      let bytes = try await contents.archive(
        sealedBy: EvidenceSeal(key: key, document: try variant.document.map { try authority.document($0) }),
        folder: folder, stamp: variant.isStamped ? { try authority.stamp($0) } : nil)
      if variant.goesOn { try ledger.append(contents.record, at: SampleEvidence.day(2)) }
      return bytes
    }
    let first = try await archive(SampleEvidence.request(to: 2, exportedAt: .now))
    try ledger.append(try SampleEvidence.run(11, day: 4))
    let second = try await archive(SampleEvidence.request(from: 2, clusters: ["orders"], exportedAt: .now))
    return (first, second, key, authority)
  }

  @Test(
    "names commands that accept the archive as it is",
    arguments: [
      Variant(algorithm: .ed25519), Variant(algorithm: .ed25519, document: "auditor", isStamped: true, goesOn: true),
      Variant(algorithm: .ecdsaP256, document: "rsa", goesOn: true), Variant(algorithm: .ecdsaP256, isStamped: true),
    ])
  func accepted(_ variant: Variant) async throws {
    try await inTemporaryFolder { folder in
      let (first, second, key, authority) = try await EvidenceReadmeTests.archives(variant, in: folder)
      try Data(key.publicKey.pem.utf8).write(to: URL(fileURLWithPath: folder + "/key.pem"))
      try SampleEvidence.unpack(first, to: folder + "/old")
      try SampleEvidence.unpack(second, to: folder + "/x")
      let files = try SampleEvidence.files(second)
      let ending = try Shell.run(
        "cd x\n" + EvidenceReadmeTests.commands(try #require(files["README.md"])), in: folder,
        environment: [
          "KEY": folder + "/key.pem", "CA": authority.folder + "/root.pem", "TSA_CA": authority.folder + "/root.pem",
          "OLD": variant.goesOn ? folder + "/old/ledger/checkpoint.pae" : "",
        ])
      #expect(ending.status == 0, "\(ending.output)")
      #expect(ending.output.contains("Verification: OK") == variant.isStamped)
      #expect(ending.output.contains("CMS Verification successful") == (variant.document != nil))
    }
  }

  @Test("names commands that accept an archive of a period in which nothing was recorded")
  func nothing() async throws {
    try await inTemporaryFolder { folder in
      let ledger = try SampleEvidence.ledger(at: folder + "/ledger.sqlite")
      let key = try SigningKey.generate(.ed25519)
      let contents = try EvidenceContents(of: ledger, SampleEvidence.request(from: 10))
      let bytes = try await contents.archive(sealedBy: EvidenceSeal(key: key), folder: folder)
      let verification = try EvidenceVerification(
        of: bytes, trusting: EvidenceTrust(keys: [key.publicKey], now: .now))
      #expect(verification.problems == [] && verification.statements == 1)
      try SampleEvidence.unpack(bytes, to: folder + "/x")
      try Data(key.publicKey.pem.utf8).write(to: URL(fileURLWithPath: folder + "/key.pem"))
      let commands = try EvidenceReadmeTests.commands(try #require(try SampleEvidence.files(bytes)["README.md"]))
      let ending = try Shell.run("cd x\n" + commands, in: folder, environment: ["KEY": folder + "/key.pem"])
      #expect(ending.status == 0, "\(ending.output)")
    }
  }

  @Test("names commands that refuse it once something is changed, added or trusted wrongly")
  func refused() async throws {
    let changes = [
      "true", "printf x >> report.html", "printf x >> SHA256SUMS", "rm gaps.csv", "touch added",
      "ln -s /etc/passwd link",
      "mv ledger/leaves/00000002.json ledger/leaves/00000099.json", "printf x >> statements/000001.pae",
      "printf x >> manifest.pae", "cp statements/000001.sig statements/000002.sig",
      "sed -i s/left/right/ ledger/proofs/00000006.txt", "export KEY=$STRANGER", "export CA=$FOREIGN",
      "export TSA_CA=$FOREIGN", "printf x >> SHA256SUMS.cms", "cp SHA256SUMS.cms.tsq SHA256SUMS.cms.tsr",
      "export OLD=$PWD/../wrong",
    ]
    try await inTemporaryFolder { folder in
      let variant = Variant(algorithm: .ed25519, document: "auditor", isStamped: true, goesOn: true)
      let (_, second, key, authority) = try await EvidenceReadmeTests.archives(variant, in: folder)
      func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
      }
      try write(key.publicKey.pem, "key.pem")
      try write(try SigningKey.generate(.ed25519).publicKey.pem, "stranger.pem")
      try write("log\n5\nAAAA\n", "wrong")
      try SampleEvidence.unpack(second, to: folder + "/whole")
      let commands = try EvidenceReadmeTests.commands(
        try #require(try SampleEvidence.files(second)["README.md"]))
      for change in changes {
        let ending = try Shell.run(
          "rm -rf x; cp -r whole x; cd x\n\(change)\n\(commands)", in: folder,
          environment: [
            "KEY": folder + "/key.pem", "CA": authority.folder + "/root.pem", "TSA_CA": authority.folder + "/root.pem",
            "OLD": "", "STRANGER": folder + "/stranger.pem", "FOREIGN": authority.folder + "/stranger.pem",
          ])
        #expect((ending.status == 0) == (change == "true"), "\(change): \(ending.output)")
      }
    }
  }
}
