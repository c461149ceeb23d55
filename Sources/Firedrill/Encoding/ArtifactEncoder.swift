import DrillCrypto
import DrillEngines
import DrillModel
import Foundation

/// Encodes artifacts for the keys of their recipients.
struct ArtifactEncoder: Sendable {
  let section: EncodingSection
  private let recipients: [Recipient]
  private let home: GPGHome?

  /// Reads the recipients.
  ///
  /// - Parameter folder: private, and removed by the caller.
  /// - Throws: `DrillError`: `usage`, `key-unreadable`, `filter-missing`, `filter-failed`, `io`.
  init(_ section: EncodingSection, in folder: String) async throws {
    self.section = section
    var recipients: [Recipient] = []
    for text in section.recipients { recipients += try await Recipient.read(text, in: folder) }
    self.recipients = recipients
    let wanted = Set(section.filters.compactMap(FilterTools.KeyKind.init))
    if let kind = wanted.first(where: { kind in !recipients.contains { $0.kind == kind } }) {
      throw DrillError(
        .usage, subject: kind.rawValue, detail: "nobody is named to encrypt to; name a recipient's public key")
    }
    if let other = recipients.first(where: { !wanted.contains($0.kind) }) {
      throw DrillError(
        .usage, subject: other.name,
        detail: "this recipient is for \(other.kind.rawValue), which is not among the filters")
    }
    if wanted.contains(.gpg) {
      let home = try GPGHome(at: "\(folder)/recipients")
      for recipient in recipients where recipient.kind == .gpg {
        _ = try await home.add(recipient.material, secret: false)
      }
      self.home = home
    } else {
      home = nil
    }
    // What is missing shows before anything is captured.
    for filter in section.filters { _ = try launch(filter, sizeBytes: 0) }
  }

  /// - Parameters:
  ///   - artifact: as it is without encodings, `path` its file.
  ///   - folder: of the backup; the encoded file is put there under its name and the filters' endings.
  /// - Returns: the artifact as it is stored.
  /// - Throws: `DrillError`: `filter-failed`, `timed-out`, `artifact-io`, `io`.
  func encode(_ artifact: Artifact, at path: String, into folder: String) async throws -> Artifact {
    var stored = artifact
    stored.encodings = section.filters
    stored.plain = .init(sizeBytes: artifact.sizeBytes, digest: artifact.digest)
    stored.recipients = recipients.isEmpty ? nil : recipients.map(\.name)
    stored.name = section.filters.reduce(artifact.name) { $0 + Artifact.ending(of: $1) }
    let target = "\(folder)/\(stored.name)"
    try FileManager.default.createDirectory(
      atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    let filters = try section.filters.map {
      FilterPipe.Filter(name: $0, launch: try launch($0, sizeBytes: artifact.sizeBytes))
    }
    let result = try await FilterPipe.run(filters, from: path, to: target)
    if let failed = result.failed {
      throw DrillError(
        .filterFailed, subject: section.filters[failed], detail: "it did not encode \(artifact.name)")
    }
    stored.sizeBytes = result.plain.sizeBytes
    stored.digest = result.plain.digest
    return stored
  }

  private func launch(_ filter: String, sizeBytes: UInt64) throws -> ChildProcess.Launch {
    func named(_ kind: FilterTools.KeyKind) -> [Recipient] { recipients.filter { $0.kind == kind } }
    switch FilterTools.Builtin(rawValue: filter) {
    case .zstd?: return try FilterTools.launch(.zstd, ["-q", "-c"])
    case .gzip?: return try FilterTools.launch(.gzip, ["-n", "-c"])
    case .lz4?: return try FilterTools.launch(.lz4, ["-q", "-c"])
    case .age?: return try FilterTools.launch(.age, ["-e"] + named(.age).flatMap { ["-r", $0.name] })
    case .gpg?:
      // Compression is a filter of its own, so that what comes out is bounded by what was stated.
      return try FilterTools.launch(
        .gpg,
        (home?.arguments ?? []) + ["--no-autostart", "--trust-model", "always", "--compress-algo", "none", "--encrypt"]
          + named(.gpg).flatMap { ["--recipient", $0.name] })
    case .cms?:
      let certificates = named(.cms)
      return try FilterTools.launch(
        .cms,
        ["cms", "-encrypt", "-binary", "-stream", "-outform", "DER", "-aes-256-gcm"]
          + certificates.indices.map { "/proc/self/fd/\($0 + 3)" },
        files: certificates.map(\.material), streams: false, sizeBytes: sizeBytes)
    case nil: return try FilterCommand.launch(section.commands[filter]?.encode, of: filter)
    }
  }
}
