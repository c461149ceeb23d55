public import DrillModel
import Foundation

extension SQLiteEngine: ForeignArtifacts {
  /// Files hold whatever they hold.
  public var shardsBySlot: Bool { false }

  private static let endings = ["sqlite", "sqlite3", "db"]

  /// A database file, by its magic; a file with one of the usual endings all the same, whatever is in it.
  ///
  /// It says nothing of when it was written. A log or journal beside it may hold what the file lacks, or have to undo what it holds.
  /// Source: https://www.sqlite.org/fileformat2.html, sections 1.2 and 1.3.1; https://www.sqlite.org/howtocorrupt.html, section 1.4
  public func foreignArtifact(at path: String) throws -> ForeignArtifact? {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw DrillError(
        .artifactUnreadable, subject: (path as NSString).lastPathComponent,
        detail: "the file cannot be read; see its mode")
    }
    defer { try? file.close() }
    let head = Array((try? file.read(upToCount: DatabaseHeader.count)) ?? Data())
    let isDatabase = head.starts(with: DatabaseHeader.magic)
    guard isDatabase || SQLiteEngine.endings.contains((path as NSString).pathExtension) else { return nil }
    var artifact = ForeignArtifact(files: [.init(path: path, format: "sqlite")], isByName: !isDatabase)
    artifact.writer = DatabaseHeader(head)?.writerName
    let hot = ["-wal", "-journal"].first { lstat(path + $0, &status) == 0 && status.st_size > 0 }
    artifact.companions = hot.map { [path + $0] } ?? []
    artifact.obstacle = hot.map {
      "a \($0) file with content lies beside it, so that the file alone is not the database; make one that is whole with `sqlite3 FILE \"VACUUM INTO 'COPY'\"`, where both lie together"
    }
    return artifact
  }

  /// SQLite has no form of its own for a topology.
  public func statedTopology(in text: String) throws -> Topology? { nil }
}
