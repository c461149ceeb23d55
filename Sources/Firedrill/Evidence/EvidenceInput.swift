import DrillModel
import Foundation

/// Files that somebody hands in: archives, keys, certificates, checkpoints.
enum EvidenceInput {
  /// Largest archive that is read.
  static let archiveLimit = 4 << 30

  /// - Throws: `DrillError` with `usage` where there is no such file, `io` where it cannot be read.
  static func read(_ path: String, limit: Int = archiveLimit) throws -> [UInt8] {
    let absolute = Workplace.absolute(path)
    var status = stat()
    guard stat(absolute, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw DrillError(.usage, subject: path, detail: "there is no such file")
    }
    guard status.st_size <= limit else {
      throw DrillError(.usage, subject: path, detail: "the file is larger than the \(limit) bytes that it may have")
    }
    do {
      return [UInt8](try Data(contentsOf: URL(fileURLWithPath: absolute)))
    } catch {
      throw DrillError(.io, subject: path, detail: "the file cannot be read", underlying: error)
    }
  }
}
