import DrillModel
import Foundation

/// A folder for the files of one export, mode 0700, gone when it is over.
enum EvidenceFolder {
  static func with<R>(_ body: (String) async throws -> R) async throws -> R {
    let folder = "\(NSTemporaryDirectory())/firedrill-evidence-\(UUID().uuidString)"
    guard mkdir(folder, 0o700) == 0 else {
      throw DrillError(.io, subject: folder, detail: "no temporary folder can be made: \(systemErrorText())")
    }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
  }
}
