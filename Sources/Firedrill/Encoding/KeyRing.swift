import DrillEngines
import DrillModel
import Foundation

/// The keys that a recovery reaches, read from where the drill says, and how each opens an artifact.
struct KeyRing: Sendable {
  struct Key: Sendable {
    var kind: FilterTools.KeyKind
    /// Its public names; the first is the one that it is called by.
    var names: [String]
    var isRevoked: Bool
    /// Why it cannot open what it claims to open; nil where nothing is known against it.
    var defect: String?
    /// Secret; for gpg it lies in ``home`` instead.
    fileprivate var material: [UInt8] = []
    fileprivate var home: GPGHome?

    var name: String { names[0] }
  }

  private(set) var keys: [Key] = []
  /// Keys that the drill names and that cannot be used, in words.
  private(set) var unusable: [String] = []
  let filters: [String: FilterCommand]
  private let revoked: Set<String>
  private var passphrase: [UInt8] = []
  private var homes: [GPGHome] = []

  /// Ended as a line is: the tools take an empty file for an error.
  private var passphraseLine: [UInt8] { passphrase + [0x0A] }

  /// Reads the keys for the time of `body`.
  ///
  /// - Parameters:
  ///   - section: nil: no key at all.
  ///   - encodings: those of the artifacts; keys for others are left alone.
  ///   - folder: private, and removed by the caller.
  /// - Throws: `DrillError`: `filter-missing`, `filter-failed`, `io`; whatever `body` throws.
  static func with<R: Sendable>(
    _ section: KeySection?, for encodings: Set<String>, in folder: String, _ body: (KeyRing) async throws -> R
  ) async throws -> R {
    var ring = KeyRing(section)
    let result: Result<R, any Error>
    do {
      if let section { try await ring.read(section, for: encodings, in: folder) }
      result = .success(try await body(ring))
    } catch {
      result = .failure(error)
    }
    for home in ring.homes { await home.close() }
    return try result.get()
  }

  private init(_ section: KeySection?) {
    filters = section?.filters ?? [:]
    revoked = Set((section?.revoked ?? []).map(KeyRing.normal))
  }

  private mutating func read(_ section: KeySection, for encodings: Set<String>, in folder: String) async throws {
    let kinds = Set(encodings.compactMap(FilterTools.KeyKind.init))
    guard !kinds.isEmpty else { return }
    if let source = section.passphrase {
      if let bytes = await source.read() {
        // Its first line, as of every file that holds a password.
        passphrase = Array(bytes.prefix { $0 != 0x0A && $0 != 0x0D })
      } else {
        unusable.append("the passphrase from \(source.label) cannot be had")
      }
    }
    for source in section.identities {
      guard let bytes = await source.read() else {
        unusable.append("\(source.label) cannot be had")
        continue
      }
      let found = KeyRing.kind(of: bytes)
      if let found, !kinds.contains(found) { continue }
      let read: [Key] =
        switch found {
        case .age: try await KeyRing.ageKeys(bytes)
        case .gpg: try await gpgKeys(bytes, in: folder)
        case .cms: try await certifiedKey(bytes)
        case nil: []
        }
      if read.isEmpty { unusable.append("\(source.label) holds no key that can be used") }
      keys += read
    }
    for index in keys.indices where !revoked.isDisjoint(with: keys[index].names.map(KeyRing.normal)) {
      keys[index].isRevoked = true
    }
  }

  /// Names are compared without regard to case and to the colons that some tools print.
  private static func normal(_ name: String) -> String { name.lowercased().filter { $0 != ":" && $0 != " " } }

  func isRevoked(_ name: String) -> Bool { revoked.contains(KeyRing.normal(name)) }

  // MARK: Kinds

  /// Told by content; nil for what is no secret key.
  ///
  /// Source: age's `age-keygen` ("AGE-SECRET-KEY-1"), RFC 4880 section 6.2 and 4.3 (secret key packet, tag 5), RFC 7468.
  private static func kind(of bytes: [UInt8]) -> FilterTools.KeyKind? {
    let text = String(decoding: bytes, as: UTF8.self)
    if text.contains("AGE-SECRET-KEY-1") { return .age }
    if text.contains("-----BEGIN PGP PRIVATE KEY BLOCK-----") { return .gpg }
    if text.contains("PRIVATE KEY-----"), text.contains("-----BEGIN CERTIFICATE-----") { return .cms }
    guard let first = bytes.first,
      first & 0xC0 == 0xC0 ? first & 0x3F == 5 : first & 0x80 != 0 && (first >> 2) & 15 == 5
    else { return nil }
    return .gpg
  }

  private static func ageKeys(_ bytes: [UInt8]) async throws -> [Key] {
    let tool = try FilterTools.executable("age-keygen", package: "age")
    var keys: [Key] = []
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    where line.hasPrefix("AGE-SECRET-KEY-1") {
      var launch = FilterTools.limited(tool, ["-y"])
      launch.input = Array(line.utf8) + [0x0A]
      guard let name = try await FilterTools.said(launch)?.first(where: { $0.hasPrefix("age1") }) else { continue }
      keys.append(Key(kind: .age, names: [name], isRevoked: false, material: launch.input))
    }
    return keys
  }

  private mutating func gpgKeys(_ bytes: [UInt8], in folder: String) async throws -> [Key] {
    let home = try GPGHome(at: "\(folder)/gpg\(homes.count)")
    homes.append(home)
    return try await home.add(bytes, secret: true).map {
      Key(kind: .gpg, names: $0.fingerprints, isRevoked: $0.isRevoked, home: home)
    }
  }

  /// A private key with its certificate, by which it is known.
  private func certifiedKey(_ bytes: [UInt8]) async throws -> [Key] {
    func openssl(_ arguments: [String]) async throws -> [String]? {
      try await FilterTools.said(try FilterTools.launch(.cms, arguments, files: [bytes, passphraseLine]))
    }
    let file = "/proc/self/fd/3"
    guard let name = try await Recipient.certificateName(bytes),
      let certified = try await openssl(["x509", "-in", file, "-noout", "-pubkey"])
    else { return [] }
    let own = try await openssl(["pkey", "-in", file, "-pubout", "-passin", "fd:4"])
    var key = Key(kind: .cms, names: [name], isRevoked: false, material: bytes)
    if let own, own != certified { key.defect = "the certificate beside it is another key's" }
    if own == nil { key.defect = "it cannot be unlocked" }
    return [key]
  }

  // MARK: Opening

  /// The keys of a kind in the order in which they are tried: those that are not revoked first, of them those for which it was
  /// encrypted.
  func candidates(_ kind: FilterTools.KeyKind, recipients: [String]) -> [Key] {
    let wanted = Set(recipients.map(KeyRing.normal))
    func rank(_ key: Key) -> Int {
      (key.isRevoked ? 2 : 0) + (wanted.isDisjoint(with: key.names.map(KeyRing.normal)) ? 1 : 0)
    }
    return keys.filter { $0.kind == kind }.enumerated().sorted { (rank($0.1), $0.0) < (rank($1.1), $1.0) }.map(\.1)
  }

  /// - Parameter sizeBytes: of the stored artifact.
  /// - Throws: `DrillError` with `filter-missing`.
  func launch(_ key: Key, sizeBytes: UInt64) throws -> ChildProcess.Launch {
    switch key.kind {
    case .age: return try FilterTools.launch(.age, ["-d", "-i", "/proc/self/fd/3"], files: [key.material])
    case .gpg:
      return try FilterTools.launch(
        .gpg,
        (key.home?.arguments ?? []) + [
          "--pinentry-mode", "loopback", "--passphrase-fd", "3", "--status-fd", "2", "--decrypt",
        ], files: [passphraseLine])
    case .cms:
      return try FilterTools.launch(
        .cms,
        [
          "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", "/proc/self/fd/3", "-recip", "/proc/self/fd/3",
          "-passin", "fd:4",
        ], files: [key.material, passphraseLine], streams: false, sizeBytes: sizeBytes)
    }
  }
}
