internal import DrillModel
internal import Foundation

/// Which files make up one shard's log, in the order in which a server loads them.
struct AOFLayout: Sendable {
  struct File: Hashable, Sendable {
    /// Without folders.
    var name: String
    var path: String
    /// Where it is entered.
    var start: UInt64 = 0
    /// Up to where it counts: its size, unless it is left before.
    var sizeBytes: UInt64
    /// The database that is selected where it is entered.
    var database = 0
    /// Whether it may begin with a snapshot: the base, and a log of one file.
    var mayHavePreamble: Bool
  }

  /// What a server loads, as far as it is there.
  var files: [File] = []
  /// Nil for a log of one file.
  var manifest: File?
  var problems: [ReadFacts.Problem] = []
  /// Bytes of files that no server loads.
  var historyBytes: UInt64 = 0
  /// Bytes of a chain's files after the point at which they are left.
  var leftBytes: UInt64 = 0
  /// All bytes of the artifact.
  var sizeBytes: UInt64 = 0

  var isMultiPart: Bool { manifest != nil }

  private static let manifestLimit = 1 << 20

  /// - Throws: `DrillError` with `artifact-io` where a file cannot be read.
  init(_ artifact: ArtifactFile) throws {
    guard artifact.format != AOFFormat.part else {
      sizeBytes = try ([artifact.path] + artifact.parts).reduce(0) {
        try $0 + AOFLayout.file($1, mayHavePreamble: false).sizeBytes
      }
      problems.append(
        .init(.missingPart, detail: "the log's manifest, which names its files and their order, is not there"))
      return
    }
    if artifact.format == AOFFormat.chain {
      let text = try AOFLayout.file(artifact.path, mayHavePreamble: false)
      manifest = text
      sizeBytes = text.sizeBytes
      files = try AOFChain(path: artifact.path).files
      for file in files {
        let whole = try FileByteSource(path: file.path).sizeBytes()
        sizeBytes += whole
        leftBytes += whole - min(file.sizeBytes, whole)
      }
      return
    }
    guard artifact.format == AOFFormat.manifest else {
      let file = try AOFLayout.file(artifact.path, mayHavePreamble: true)
      files = [file]
      sizeBytes = file.sizeBytes
      return
    }
    let text = try AOFLayout.file(artifact.path, mayHavePreamble: false)
    manifest = text
    sizeBytes = text.sizeBytes
    var parts: [String: File] = [:]
    for path in artifact.parts {
      let part = try AOFLayout.file(path, mayHavePreamble: false)
      sizeBytes += part.sizeBytes
      parts[part.name] = part
    }
    do {
      guard text.sizeBytes <= AOFLayout.manifestLimit else {
        throw AOFManifest.Refusal(detail: "the manifest is longer than any that a server writes")
      }
      let source = try FileByteSource(path: text.path)
      arrange(try AOFManifest(parsing: try AOFLayout.all(of: source)), parts)
    } catch let refusal as AOFManifest.Refusal {
      problems.append(.init(.undecodable, offset: 0, detail: refusal.detail, part: text.name))
    }
  }

  private mutating func arrange(_ manifest: AOFManifest, _ parts: [String: File]) {
    for entry in manifest.loaded {
      guard var part = parts[entry.name] else {
        problems.append(
          .init(.missingPart, detail: "the log's manifest names \(entry.name), which is not there", part: entry.name))
        continue
      }
      part.mayHavePreamble = entry.kind == .base
      files.append(part)
    }
    if manifest.loaded.isEmpty {
      problems.append(
        .init(.undecodable, offset: 0, detail: "the log's manifest names nothing to load", part: self.manifest?.name))
    }
    let named = Dictionary(uniqueKeysWithValues: manifest.entries.map { ($0.name, $0.kind) })
    for part in parts.values.sorted(by: { $0.name < $1.name }) {
      switch named[part.name] {
      case .history: historyBytes += part.sizeBytes
      case nil:
        problems.append(.init(.unnamedPart, detail: "the log's manifest does not name \(part.name)", part: part.name))
      case .base, .increment: break
      }
    }
  }

  private static func file(_ path: String, mayHavePreamble: Bool) throws -> File {
    let name = (path as NSString).lastPathComponent
    guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber else {
      throw DrillError(.artifactUnreadable, subject: name, detail: "it cannot be read: see its mode")
    }
    return File(name: name, path: path, sizeBytes: size.uint64Value, mayHavePreamble: mayHavePreamble)
  }

  private static func all(of source: FileByteSource) throws -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: manifestLimit + 1, alignment: 8)
    defer { buffer.deallocate() }
    var count = 0
    while count < buffer.count {
      let got = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
      if got == 0 { break }
      count += got
    }
    return Array(buffer[..<count])
  }
}
