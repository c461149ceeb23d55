internal import DrillModel
internal import Foundation
internal import Glibc

/// A shard's artifact as a sandbox's server finds it: a private copy, under the names that the server is told.
struct StagedArtifact: Sendable {
  /// What the server loads.
  enum Form: Sendable {
    case snapshot
    /// One file. For servers before 7.0.
    case log
    /// A folder with a manifest.
    case multiPartLog
  }

  var form: Form
  var sizeBytes: UInt64
  /// The copies with their sizes. A server adds to a log, and changes none of what is there.
  var files: [(path: String, sizeBytes: UInt64)]
  /// The file that says how much memory its writer used, where one does.
  var snapshotPath: String

  static let snapshotName = "dump.rdb"
  static let logName = "appendonly.aof"
  static let logFolder = "appendonlydir"

  /// What is to be copied, found out before the time of the restore begins.
  struct Plan: Sendable {
    fileprivate var source: Source
    fileprivate enum Source: Sendable {
      case snapshot(String)
      /// The files that a server loads, the last of them up to its last whole command.
      case log([(file: AOFLayout.File, sizeBytes: UInt64, hasSnapshot: Bool)])
      /// As it is, for the server to refuse.
      case damagedLog(AOFLayout)
    }

    /// - Throws: `DrillError` where a file cannot be read.
    init(_ file: ArtifactFile) throws {
      guard file.isAOF else {
        source = .snapshot(file.path)
        return
      }
      let layout = try AOFLayout(file)
      // A command that we do not know may be one that the server does.
      guard let end = try AOFScan.end(of: layout) else {
        source = .damagedLog(layout)
        return
      }
      source = .log(
        layout.files.enumerated().filter { $0.offset <= end.file }.map { index, file in
          (file, index == end.file ? end.offset : file.sizeBytes, AOFScan.beginsWithSnapshot(file))
        })
    }
  }

  /// - Parameter isBefore7: whether the server knows only logs of one file.
  /// - Throws: `DrillError` with `artifact-io`; ``RestoreRejected`` where the server knows no logs of several files;
  ///   `CancellationError`.
  init(_ plan: Plan, in folder: String, isBefore7: Bool, shard: String) throws {
    switch plan.source {
    case .snapshot(let source):
      let path = "\(folder)/\(StagedArtifact.snapshotName)"
      let size = try FileCopy.copy(source, to: path, subject: shard)
      (form, sizeBytes, files, snapshotPath) = (.snapshot, size, [(path, size)], path)
    case .log(let parts) where isBefore7:
      guard parts.count == 1, let part = parts.first else { throw StagedArtifact.tooOld(shard) }
      let path = "\(folder)/\(StagedArtifact.logName)"
      let size = try StagedArtifact.copy(part.file, to: path, upTo: part.sizeBytes, shard)
      (form, sizeBytes, files, snapshotPath) = (.log, size, [(path, size)], path)
    case .log(let parts):
      let place = try StagedArtifact.makeFolder(in: folder, shard)
      (form, sizeBytes, files, snapshotPath) = (.multiPartLog, 0, [], "")
      var lines = ""
      for (index, part) in parts.enumerated() {
        // A log without a base is one of increments alone.
        let isBase = index == 0 && part.file.mayHavePreamble
        let name =
          isBase
          ? "\(StagedArtifact.logName).1.base.\(part.hasSnapshot ? "rdb" : "aof")"
          : "\(StagedArtifact.logName).\(index + 1).incr.aof"
        let path = "\(place)/\(name)"
        let size = try StagedArtifact.copy(part.file, to: path, upTo: part.sizeBytes, shard)
        lines += "file \(name) seq \(index + 1) type \(isBase ? "b" : "i")\n"
        files.append((path, size))
        sizeBytes += size
        if index == 0 { snapshotPath = path }
      }
      try StagedArtifact.write(lines, to: "\(place)/\(StagedArtifact.logName).manifest", shard)
    case .damagedLog(let layout):
      guard !isBefore7 || layout.manifest == nil else { throw StagedArtifact.tooOld(shard) }
      (form, sizeBytes, files, snapshotPath) = (isBefore7 ? .log : .multiPartLog, layout.sizeBytes, [], "")
      let place = isBefore7 ? folder : try StagedArtifact.makeFolder(in: folder, shard)
      let names = layout.files.map(\.name)
      for (file, name) in zip(layout.files, names) {
        let path = "\(place)/\(layout.manifest == nil ? StagedArtifact.logName : name)"
        files.append((path, try FileCopy.copy(file.path, to: path, subject: shard)))
      }
      snapshotPath = files.first?.path ?? ""
      guard !isBefore7 else { return }
      let manifest = "\(place)/\(StagedArtifact.logName).manifest"
      if let text = layout.manifest {
        files.append((manifest, try FileCopy.copy(text.path, to: manifest, subject: shard)))
      } else {
        try StagedArtifact.write("file \(StagedArtifact.logName) seq 1 type b\n", to: manifest, shard)
      }
    }
  }

  private static func tooOld(_ shard: String) -> RestoreRejected {
    RestoreRejected(
      shard: shard, serverLines: ["a log of several files is loaded by servers since 7.0 alone"], isVersion: true)
  }

  private static func makeFolder(in folder: String, _ shard: String) throws -> String {
    let path = "\(folder)/\(logFolder)"
    guard mkdir(path, 0o700) == 0 else { throw failure(shard) }
    return path
  }

  /// Copies the part of a file that counts, after the choice of its database where a server would begin in another one.
  ///
  /// - Returns: the copy's size.
  private static func copy(
    _ file: AOFLayout.File, to target: String, upTo end: UInt64, _ shard: String
  ) throws -> UInt64 {
    var prefix: [UInt8] = []
    if file.database != 0 {
      RESPEncoder.append([Array("SELECT".utf8), Array(String(file.database).utf8)], to: &prefix)
    }
    let size = end - min(file.start, end)
    let copied = try FileCopy.copy(
      file.path, to: target, after: prefix, from: file.start, count: size, subject: shard)
    guard copied == size else {
      throw DrillError(.storeMoved, stage: .restore, subject: shard, detail: "the log changed while it was read")
    }
    return size + UInt64(prefix.count)
  }

  private static func write(_ text: String, to path: String, _ shard: String) throws {
    guard
      FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
    else { throw failure(shard) }
  }

  private static func failure(_ shard: String) -> DrillError {
    DrillError(
      .io, stage: .restore, subject: shard,
      detail: "the log cannot be copied into the sandbox's folder: \(String(cString: strerror(errno)))")
  }
}
