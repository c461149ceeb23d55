import DrillChecks
import DrillCrypto
import DrillEngines
import DrillModel
import Foundation

extension SealRunner {
  /// Seals files that are encoded already: looked into by what they hold, stored as they are.
  ///
  /// - Throws: `DrillError` with `usage` for what goes with plain files alone.
  func sealEncoded(_ encodings: [String]) async throws -> SealResult {
    if request.inPlace || request.on != nil || request.digests != nil {
      throw DrillError(
        .usage, subject: "--encoding",
        detail:
          "files that are encoded are copied into a catalog, as full backups; leave out --in-place, --on and --digests")
    }
    return try await RunFolder.with(below: Workplace.workRoot()) { work in
      var runner = self
      runner.request.encodings = []
      runner.encodings = encodings
      runner.plain = "\(work)/copies"
      var findings: [Finding] = []
      runner.request.paths = []
      try await KeyRing.with(request.keys, for: Set(encodings), in: work) { ring in
        let opener = ArtifactOpener(ring: ring)
        let check = EncodingCheck(backup: request.cluster, keys: ring.keys.map(\.name), unusable: ring.unusable)
        for (number, path) in request.paths.map(Workplace.absolute).enumerated() {
          let place = "\(work)/decoded/\(number)"
          let files = try SealRunner.files(at: path, encodings)
          for (name, source) in files {
            let artifact = try SealRunner.artifact(name, at: source, encodings)
            let target = "\(place)/\(artifact.plainName)"
            _ = try OpenedArtifacts.folder((target as NSString).deletingLastPathComponent)
            findings += check.check(try await opener.open(artifact, at: source, to: target), of: artifact)
            runner.stored[target] = source
          }
          // A file is sought by itself, a folder by what lies in it.
          let isFile = files.count == 1 && files[0].path == path
          runner.request.paths.append(
            isFile ? "\(place)/\(try SealRunner.artifact(files[0].name, at: path, encodings).plainName)" : place)
        }
      }
      guard findings.isEmpty else { return .refused(findings) }
      runner.request.shards = request.shards.map { runner.decoded($0) }
      return try await runner.run()
    }
  }

  /// The artifacts as they are stored: the encoded files copied beside the manifest, under their names and the filters' endings.
  func asStored(_ artifacts: [Artifact], originals: [String: String], in folder: String) async throws -> [Artifact] {
    guard !encodings.isEmpty else { return artifacts }
    var result: [Artifact] = []
    for artifact in artifacts {
      guard let source = originals[artifact.name].flatMap({ stored[$0] }) else {
        preconditionFailure("every artifact was decoded from a file")
      }
      var copy = artifact
      copy.name = encodings.reduce(artifact.name) { $0 + Artifact.ending(of: $1) }
      copy.encodings = encodings
      copy.plain = .init(sizeBytes: artifact.sizeBytes, digest: artifact.digest)
      let target = "\(folder)/\(copy.name)"
      _ = try OpenedArtifacts.folder((target as NSString).deletingLastPathComponent)
      try await onThread { [copy] in try ArtifactCopy.copy(source, to: target, subject: copy.name) }
      guard let hash = try await ForeignDigests.hash([copy.name: target])[copy.name] else {
        preconditionFailure("the copy was hashed")
      }
      copy.sizeBytes = hash.sizeBytes
      copy.digest = hash.digest
      result.append(copy)
    }
    return result
  }

  /// `NAME=PATH` with the decoded file in the place of the stored one.
  private func decoded(_ statement: String) -> String {
    guard let sign = statement.firstIndex(of: "=") else { return statement }
    let path = Workplace.absolute(String(statement[statement.index(after: sign)...]))
    return stored.first { $0.value == path }.map { statement[...sign] + $0.key } ?? statement
  }

  /// The files at a path by their names below it: of a folder those that bear the filters' endings; where none does, all.
  private static func files(at path: String, _ encodings: [String]) throws -> [(name: String, path: String)] {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      return [((path as NSString).lastPathComponent, path)]
    }
    let names = try FolderSource(root: path).entries(below: "").filter { $0.kind == .file }.map(\.path)
    let ending = encodings.map(Artifact.ending).joined()
    let ours = names.filter { $0.hasSuffix(ending) }
    return (ours.isEmpty ? names : ours).map { ($0, "\(path)/\($0)") }
  }

  private static func artifact(_ name: String, at path: String, _ encodings: [String]) throws -> Artifact {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw DrillError(.usage, subject: name, detail: "there is no such file, or it is no plain one")
    }
    return Artifact(
      name: name, role: .data, shard: nil, format: "file", encodings: encodings, sizeBytes: UInt64(status.st_size),
      digest: Digest(words: (0, 0, 0, 0)))
  }
}
