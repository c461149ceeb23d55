import DrillCrypto
import DrillEvidence
import DrillModel
import Foundation
import Testing

@Suite("Verifying evidence")
struct EvidenceVerifyTests {
  /// An archive with everything that there can be in one: certificates, a time stamp, an export before it.
  private static func whole(
    in folder: String, algorithm: KeyAlgorithm = .ed25519, document: String? = "auditor", isStamped: Bool = true
  ) async throws -> (bytes: [UInt8], key: SigningKey, authority: TestAuthority) {
    let authority = try TestAuthority(in: folder)
    let ledger = try SampleEvidence.ledger(at: folder + "/ledger.sqlite")
    let key = try SigningKey.generate(algorithm)
    let now = Instant.now
    let first = try EvidenceContents(of: ledger, SampleEvidence.request(to: 2, exportedAt: now))
    try ledger.append(first.record, at: SampleEvidence.day(2))
    try ledger.append(try SampleEvidence.run(9, day: 3))
    let contents = try EvidenceContents(
      of: ledger, SampleEvidence.request(from: 2, clusters: ["orders"], exportedAt: now))
    let bytes = try await contents.archive(
      sealedBy: EvidenceSeal(key: key, document: try document.map { try authority.document($0) }), folder: folder,
      stamp: isStamped ? { try authority.stamp($0) } : nil)
    return (bytes, key, authority)
  }

  private static func codes(_ bytes: [UInt8], _ trust: EvidenceTrust) throws -> Set<EvidenceProblem.Code> {
    Set(try EvidenceVerification(of: bytes, trusting: trust).problems.map(\.code))
  }

  @Test("accepts an archive with certificate, time stamp and an export before it", arguments: ["auditor", "rsa"])
  func accepted(_ document: String) async throws {
    try await inTemporaryFolder { folder in
      let (bytes, key, authority) = try await EvidenceVerifyTests.whole(in: folder, document: document)
      let verification = try EvidenceVerification(
        of: bytes,
        trusting: EvidenceTrust(
          keys: [key.publicKey], roots: try authority.roots, stampRoots: try authority.roots, now: .now))
      #expect(verification.problems == [])
      #expect(verification.certificate?.isTrusted == true)
      #expect(verification.certificate?.holder == "CN=Auditor")
      #expect(verification.timeStamp?.isTrusted == true)
      #expect(verification.heads == [5])
    }
  }

  @Test("refuses a changed byte wherever it stands in what is signed with, and seeded ones of every file")
  func everyByte() async throws {
    try await inTemporaryFolder { folder in
      let (bytes, key, _) = try await EvidenceVerifyTests.whole(in: folder)
      // Without roots: what refuses a byte is the trusted key alone.
      let trust = EvidenceTrust(keys: [key.publicKey], now: .now)
      #expect(try EvidenceVerifyTests.codes(bytes, trust) == [])
      let read = try TarArchive.decode(bytes)
      var start = 0
      for entry in read.entries {
        let contents = start + 512
        let isSignature = ["manifest.", "SHA256SUMS.", "ledger/checkpoint"].contains { entry.name.hasPrefix($0) }
        let seed = SHA256.digest(Array(entry.name.utf8)).bytes
        let seeded = (0..<4).map { Int(seed[$0 * 2]) << 8 | Int(seed[$0 * 2 + 1]) }
        var offsets =
          isSignature
          ? Array(stride(from: seeded[0] % 13, to: entry.bytes.count, by: 13))
          : seeded.map { $0 % max(1, entry.bytes.count) }
        if entry.bytes.isEmpty { offsets = [] }
        // The header, and what fills the last block up.
        let places =
          offsets.map { contents + $0 } + [start + seeded[0] % 512]
          + (entry.bytes.count % 512 == 0 ? [] : [contents + entry.bytes.count])
        for place in places {
          var changed = bytes
          changed[place] ^= 1 << UInt8(place % 8)
          #expect(try EvidenceVerifyTests.codes(changed, trust) != [], "byte \(place), \(entry.name)")
        }
        start = contents + (entry.bytes.count + 511) / 512 * 512
      }
    }
  }

  @Test("says of a file what became of it: changed, added, removed, renamed")
  func files() async throws {
    try await inTemporaryFolder { folder in
      let (bytes, key, _) = try await EvidenceVerifyTests.whole(in: folder)
      let trust = EvidenceTrust(keys: [key.publicKey], now: .now)
      let read = try TarArchive.decode(bytes)
      for entry in read.entries {
        let others = read.entries.filter { $0 != entry }
        let removed = TarArchive.encode(others, time: read.time)
        #expect(try EvidenceVerifyTests.codes(removed, trust) != [], "\(entry.name) removed")
        let renamed = TarArchive.encode(others + [TarEntry(entry.name + ".x", entry.bytes)], time: read.time)
        #expect(try EvidenceVerifyTests.codes(renamed, trust) != [], "\(entry.name) renamed")
        let changed = TarArchive.encode(others + [TarEntry(entry.name, entry.bytes + [0x0a])], time: read.time)
        #expect(try EvidenceVerifyTests.codes(changed, trust) != [], "\(entry.name) changed")
      }
      func with(_ entry: TarEntry) throws -> Set<EvidenceProblem.Code> {
        try EvidenceVerifyTests.codes(TarArchive.encode(read.entries + [entry], time: read.time), trust)
      }
      #expect(try with(TarEntry("note.txt", [1])) == [.fileUnexpected])
      #expect(try with(TarEntry("SHA256SUMS.note", [1])) == [.fileUnexpected])
      #expect(try with(TarEntry("manifest.json.bak", [1])) == [.fileUnexpected])
      let later = TarArchive.encode(read.entries, time: Instant(millisecondsSince1970: 1_000))
      #expect(try EvidenceVerifyTests.codes(later, trust) == [.notCanonical])
      func without(_ name: String) throws -> Set<EvidenceProblem.Code> {
        try EvidenceVerifyTests.codes(
          TarArchive.encode(read.entries.filter { $0.name != name }, time: read.time), trust)
      }
      #expect(try without("gaps.csv") == [.fileMissing])
      #expect(try without("SHA256SUMS.cms.tsr") == [.fileMissing])
      #expect(try without("manifest.sig") == [.partsDiffer])
      #expect(try without("manifest.json") == [.manifestUnreadable])
      #expect(try EvidenceVerifyTests.codes([], trust) == [.archiveTruncated])
    }
  }

  @Test("holds certificates against roots and the clock: expired, not yet valid, to no trusted root")
  func certificates() async throws {
    try await inTemporaryFolder { folder in
      let (bytes, key, authority) = try await EvidenceVerifyTests.whole(in: folder, isStamped: false)
      func codes(
        _ roots: CertificateChain?, days: Double = 0, stamps: CertificateChain? = nil
      ) throws -> Set<EvidenceProblem.Code> {
        let now = Instant(millisecondsSince1970: Instant.now.millisecondsSince1970 + Int64(days * 86_400_000))
        return try EvidenceVerifyTests.codes(
          bytes, EvidenceTrust(keys: [key.publicKey], roots: roots, stampRoots: stamps, now: now))
      }
      #expect(try codes(authority.roots) == [])
      #expect(try codes(nil) == [])
      #expect(try codes(authority.strangers) == [.certificateUntrusted])
      #expect(try codes(authority.roots, days: 31) == [.certificateExpired])
      #expect(try codes(authority.roots, days: -1) == [.certificateNotYetValid])
      #expect(try codes(authority.roots, stamps: authority.roots) == [.stampMissing])
    }
  }

  @Test("takes a trusted time stamp's word for when an expired certificate signed, and no other's")
  func stampedBeforeExpiry() async throws {
    try await inTemporaryFolder { folder in
      let (bytes, key, authority) = try await EvidenceVerifyTests.whole(in: folder)
      let later = Instant(millisecondsSince1970: Instant.now.millisecondsSince1970 + 31 * 86_400_000)
      func codes(_ stamps: CertificateChain?) throws -> Set<EvidenceProblem.Code> {
        try EvidenceVerifyTests.codes(
          bytes, EvidenceTrust(keys: [key.publicKey], roots: try authority.roots, stampRoots: stamps, now: later))
      }
      #expect(try codes(authority.roots) == [])
      #expect(try codes(nil) == [.certificateExpired])
      #expect(try codes(authority.strangers) == [.stampUntrusted, .certificateExpired])
    }
  }

  @Test("is never reached with a certificate that is expired, not valid yet, for something else, or another key's")
  func refusedToSign() async throws {
    try await inTemporaryFolder { folder in
      let authority = try TestAuthority(in: folder)
      let (key, chain) = (
        try DocumentKey(pem: authority.bytes("auditor.key")), try authority.chain("auditor-chain.pem")
      )
      let now = Instant.now
      func day(_ days: Double) -> Instant {
        Instant(millisecondsSince1970: now.millisecondsSince1970 + Int64(days * 86_400_000))
      }
      #expect(throws: Never.self) { try DetachedSignature(signing: [1], with: key, chain: chain, at: now) }
      let sealer = (try DocumentKey(pem: authority.bytes("sealer.key")), try authority.chain("sealer-chain.pem"))
      let other = try DocumentKey(pem: authority.bytes("rsa.key"))
      for (key, chain, time) in [
        (key, chain, day(31)), (key, chain, day(-1)), (other, chain, now), (sealer.0, sealer.1, now),
      ] {
        let error = #expect(throws: DrillError.self) {
          try DetachedSignature(signing: [1], with: key, chain: chain, at: time)
        }
        #expect(error?.code == .keyUnreadable)
      }
      let ed25519 = Array(try SigningKey.generate(.ed25519).revealPEM().utf8)
      let error = #expect(throws: DrillError.self) { try DocumentKey(pem: ed25519) }
      #expect(error?.detail.contains("--cms-key") == true)
    }
  }

  @Test("refuses a time stamp over another digest, with another nonce, or by somebody who may not stamp")
  func timeStamps() async throws {
    try await inTemporaryFolder { folder in
      let authority = try TestAuthority(in: folder)
      let ledger = try SampleEvidence.ledger(at: folder + "/ledger.sqlite")
      let contents = try EvidenceContents(of: ledger, SampleEvidence.request(exportedAt: .now))
      let seal = EvidenceSeal(key: try SigningKey.generate(.ed25519))
      func refusal(_ stamp: @escaping (TimeStampRequest) throws -> [UInt8]) async -> DrillError? {
        await #expect(throws: DrillError.self) {
          try await contents.archive(sealedBy: seal, folder: folder, stamp: { try stamp($0) })
        }
      }
      let other = SHA256.digest(Array("something else".utf8))
      let digest = await refusal { _ in try authority.stamp(try TimeStampRequest(stamping: other)) }
      #expect(digest?.code == .protocolViolation && digest?.detail.contains("digest or nonce") == true)
      let nonce = await refusal { try authority.stamp(try TimeStampRequest(stamping: $0.digest)) }
      #expect(nonce?.code == .protocolViolation && nonce?.detail.contains("digest or nonce") == true)
      let noise = await refusal { _ in Array("<html>503</html>".utf8) }
      #expect(noise?.code == .protocolViolation)
      let damaged = await refusal { request in
        var reply = try authority.stamp(request)
        reply[reply.count - 3] ^= 1
        return reply
      }
      #expect(damaged?.code == .protocolViolation)
      await #expect(throws: Never.self) {
        try await contents.archive(sealedBy: seal, folder: folder, stamp: { try authority.stamp($0) })
      }
    }
  }

  @Test(
    "finds in an archive that a holder of the key made: a time stamp over another digest, and a certificate's signature over another list"
  )
  func dishonestHolder() async throws {
    try await inTemporaryFolder { folder in
      let (bytes, key, authority) = try await EvidenceVerifyTests.whole(in: folder)
      let trust = EvidenceTrust(
        keys: [key.publicKey], roots: try authority.roots, stampRoots: try authority.roots, now: .now)
      let files = try SampleEvidence.files(bytes)
      func remade(_ change: (inout [String: [UInt8]]) throws -> Void) throws -> Set<EvidenceProblem.Code> {
        try EvidenceVerifyTests.codes(try Resealed(bytes, with: key).archive(change), trust)
      }
      #expect(try remade { _ in } == [])
      let other = try TimeStampRequest(stamping: SHA256.digest([1]))
      #expect(
        try remade {
          $0["SHA256SUMS.cms.tsq"] = other.bytes
          $0["SHA256SUMS.cms.tsr"] = try authority.stamp(other)
        } == [.stampDiffers])
      let again = try TimeStampRequest(stamping: SHA256.digest(files["SHA256SUMS.cms"] ?? []))
      #expect(try remade { $0["SHA256SUMS.cms.tsr"] = try authority.stamp(again) } == [.stampDiffers])
      let signature = try DetachedSignature(
        signing: [1], with: try DocumentKey(pem: authority.bytes("auditor.key")),
        chain: try authority.chain("auditor-chain.pem"), at: .now)
      #expect(try remade { $0["SHA256SUMS.cms"] = signature.bytes } == [.signatureInvalid, .stampDiffers])
    }
  }

  @Test("finds a statement that is left out, exchanged or not what its leaf says, by whoever holds the key")
  func dishonestStatements() async throws {
    try await inTemporaryFolder { folder in
      let (bytes, key, _) = try await EvidenceVerifyTests.whole(in: folder, document: nil, isStamped: false)
      let trust = EvidenceTrust(keys: [key.publicKey], now: .now)
      func codes(_ change: (inout [String: [UInt8]]) throws -> Void) throws -> Set<EvidenceProblem.Code> {
        try EvidenceVerifyTests.codes(try Resealed(bytes, with: key).archive(change), trust)
      }
      #expect(try codes { _ in } == [])
      #expect(try codes { $0["ledger/leaves/00000006.json"]?.append(0x20) } == [.leafDiffers])
      #expect(try codes { $0["ledger/leaves/00000006.json"] = nil } == [.fileMissing, .withheldDiffers])
      #expect(try codes { $0["ledger/proofs/00000006.txt"] = [] } == [.proofInvalid])
      #expect(try codes { $0["ledger/proofs/00000099.txt"] = [] } == [.fileUnexpected])
      #expect(try codes { $0["ledger/hashes.txt"]?.removeLast(65) } == [.treeDiffers])
      #expect(try codes { $0["ledger/consistency.txt"]?.removeLast(65) } == [.consistencyInvalid])
      #expect(try codes { $0["statements/000001.sig"]?[0] ^= 1 } == [.partsDiffer])
      // The sides that a shell would go by.
      #expect(
        try codes { files in
          let text = String(decoding: files["ledger/proofs/00000006.txt"] ?? [], as: UTF8.self)
          files["ledger/proofs/00000006.txt"] = Array(text.replacing("left", with: "right").utf8)
        } == [.proofInvalid])
      let dropped = try codes { files in
        let lines = (files["statements/statements.jsonl"] ?? []).split(separator: 0x0a)
        files["statements/statements.jsonl"] = lines.dropFirst().flatMap { Array($0) + [0x0a] }
      }
      #expect(dropped.isSuperset(of: [.statementMissing, .partsDiffer, .fileUnexpected]))
    }
  }

  @Test("counts reviewers by key, and refuses a sign-off of another archive or by nobody who is trusted")
  func signOffs() async throws {
    try await inTemporaryFolder { folder in
      let (bytes, key, _) = try await EvidenceVerifyTests.whole(in: folder, document: nil, isStamped: false)
      let reviewer = try SigningKey.generate(.ecdsaP256)
      let signOff = SignOff(who: "R. Lee", role: "internal audit", at: .now)
      let first = EvidenceTrust.File("first", try signOff.sealed(over: bytes, by: reviewer))
      let again = EvidenceTrust.File("again", try signOff.sealed(over: bytes, by: reviewer))
      let own = EvidenceTrust.File("own", try signOff.sealed(over: bytes, by: key))
      func verified(
        _ signOffs: [EvidenceTrust.File], keys: [SigningKey], minimum: Int = 1
      ) throws -> EvidenceVerification {
        try EvidenceVerification(
          of: bytes,
          trusting: EvidenceTrust(
            keys: keys.map(\.publicKey), signOffs: signOffs, minimumSigners: minimum, now: .now))
      }
      let both = try verified([first, again], keys: [key, reviewer], minimum: 2)
      #expect(both.problems == [] && both.signers.count == 2 && both.signOffs.count == 2)
      #expect(
        try verified([first, again], keys: [key, reviewer], minimum: 3).problems.map(\.code) == [.tooFewSigners])
      #expect(try verified([own], keys: [key], minimum: 2).problems.map(\.code) == [.tooFewSigners])
      #expect(try verified([first], keys: [key]).problems.map(\.code) == [.signOffUntrusted])
      #expect(try verified([.init("x", [1])], keys: [key]).problems.map(\.code) == [.signOffUnreadable])
      let other = try Resealed(bytes, with: key).archive { $0["gaps.csv"]?.append(0x20) }
      let foreign = EvidenceTrust.File("foreign", try signOff.sealed(over: other, by: reviewer))
      #expect(try verified([foreign], keys: [key, reviewer]).problems.map(\.code) == [.signOffDiffers])
      let error = #expect(throws: DrillError.self) { try signOff.sealed(over: bytes + [0], by: reviewer) }
      #expect(error?.code == .usage)
    }
  }

  @Test("takes a head of another ledger, or one signed by a stranger, for no head at all")
  func foreignHeads() async throws {
    try await inTemporaryFolder { folder in
      let (bytes, key, _) = try await EvidenceVerifyTests.whole(in: folder, document: nil, isStamped: false)
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      let head = try #require(try ledger.head())
      let other = try TreeHead(origin: "firedrill-ledger/other", size: 1, root: head.root)
      func codes(_ bytes: [UInt8], _ head: [UInt8]) throws -> Set<EvidenceProblem.Code> {
        try EvidenceVerifyTests.codes(
          bytes, EvidenceTrust(keys: [key.publicKey], previous: [.init("head", head)], now: .now))
      }
      #expect(try codes(bytes, Array(head.text.utf8)) == [])
      #expect(try codes(bytes, head.signed(with: key)) == [])
      #expect(try codes(bytes, head.signed(with: try SigningKey.generate(.ed25519))) == [.previousUnusable])
      #expect(try codes(bytes, Array(other.text.utf8)) == [.previousUnusable])
      #expect(try codes(bytes, Array("nonsense".utf8)) == [.previousUnusable])
      let larger = try TreeHead(origin: head.origin, size: head.size + 1, root: head.root)
      #expect(try codes(bytes, Array(larger.text.utf8)) == [.previousBeyond])
    }
  }
}
