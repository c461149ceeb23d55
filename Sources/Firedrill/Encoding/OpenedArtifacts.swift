import DrillChecks
import DrillModel
import Foundation

/// The artifacts of a backup beneath their encodings, as files in a private folder.
struct OpenedArtifacts: Sendable {
  /// Where each lies by its name in the manifest; one that had no encodings is not among them.
  private(set) var paths: [String: String] = [:]
  private(set) var decoded: [String: Artifact] = [:]
  private(set) var findings: [Finding] = []
  /// How many artifacts each key opened, by its public name.
  private(set) var keys: [String: Int] = [:]
  /// Keys that the drill names and that could not be had, in words.
  private(set) var unusable: [String] = []

  /// - Parameters:
  ///   - place: the absolute path of a stored artifact by its name; nil where it is not there.
  ///   - folder: made, and left to the caller to remove.
  /// - Throws: `DrillError`: `filter-missing`, `filter-failed`, `timed-out`, `artifact-io`, `io`.
  static func open(
    _ artifacts: [Artifact], of backup: String, with section: KeySection?, in folder: String,
    place: (String) throws -> String?
  ) async throws -> OpenedArtifacts {
    let encoded = artifacts.filter { !$0.encodings.isEmpty && $0.role != .unread }
    var opened = OpenedArtifacts()
    guard !encoded.isEmpty else { return opened }
    var work: [(artifact: Artifact, path: String, target: String)] = []
    for artifact in encoded {
      guard let path = try place(artifact.name) else { continue }
      let target = "\(folder)/plain/\(artifact.plainName)"
      _ = try OpenedArtifacts.folder((target as NSString).deletingLastPathComponent)
      work.append((artifact, path, target))
    }
    _ = try OpenedArtifacts.folder(folder)
    let encodings = Set(encoded.flatMap(\.encodings))
    try await KeyRing.with(section, for: encodings, in: folder) { [work] ring in
      let opener = ArtifactOpener(ring: ring)
      // Each filter keeps one processor busy at most.
      let outcomes = try await concurrently(work, atMost: max(1, processorCount / 2)) { part in
        try await opener.open(part.artifact, at: part.path, to: part.target)
      }
      let check = EncodingCheck(backup: backup, keys: ring.keys.map(\.name), unusable: ring.unusable)
      opened.unusable = ring.unusable
      for (part, outcome) in zip(work, outcomes) { opened.add(part.artifact, part.target, outcome, check) }
    }
    return opened
  }

  /// A private folder, made where it is not there.
  ///
  /// - Throws: `DrillError` with `io`.
  static func folder(_ path: String) throws -> String {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw DrillError(.io, subject: "keys", detail: "no private folder can be made", underlying: error)
    }
    return path
  }

  private mutating func add(
    _ artifact: Artifact, _ target: String, _ outcome: EncodingCheck.Outcome, _ check: EncodingCheck
  ) {
    let found = check.check(outcome, of: artifact)
    findings += found
    guard case .opened(let plain, let names) = outcome, found.isEmpty else { return }
    paths[artifact.name] = target
    decoded[artifact.name] = artifact.decoded(as: plain)
    for name in Set(names) { keys[name, default: 0] += 1 }
  }

  /// Of what could not be looked into, the first reason: for a caller that has no findings to report.
  ///
  /// - Throws: `DrillError` with `artifact-io`.
  func required() throws -> OpenedArtifacts {
    guard let finding = findings.first else { return self }
    throw DrillError(
      .artifactUnreadable, subject: finding.subject.artifact ?? "",
      detail: "\(finding.code.rawValue): expected \(finding.expected), found \(finding.observed)")
  }
}

extension Sequence<Artifact> {
  var areEncoded: Bool { contains { !$0.encodings.isEmpty && $0.role != .unread } }
}
