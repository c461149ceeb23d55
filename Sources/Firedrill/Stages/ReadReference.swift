import DrillModel
import Foundation

extension DrillRunner {
  /// What was captured from the live servers, from artifacts whose bytes are what was sealed.
  func readReference(of stored: StoredBackup) throws -> (ReferenceData?, StageResult) {
    var result = StageResult()
    guard let reference = stored.manifest.reference else {
      result.notes = ["the backup carries no captured reference"]
      return (nil, result)
    }
    func read<Value: Decodable>(_ name: String?, as type: Value.Type) throws -> Value? {
      guard let name, stored.intact.contains(name) else { return nil }
      let bytes = try contents(of: name, in: stored.manifest.backup, opened: stored.opened, limit: 1 << 30)
      do {
        return try JSONDecoder().decode(type, from: Data(bytes))
      } catch {
        throw DrillError(
          .referenceUnavailable, stage: .integrity, subject: name,
          detail: "sealed, and yet not of the form that this version knows",
          underlying: error)
      }
    }
    let data = ReferenceData(
      independentReaders: reference.independentReaders, counts: try read(reference.counts, as: SlotCounts.self),
      fingerprint: try read(reference.fingerprint, as: Fingerprint.self),
      answers: try read(reference.answers, as: AnswerSheet.self))
    return (data, result)
  }

  /// A small artifact's bytes, decoded where it is stored encoded.
  func contents(of name: String, in backup: String, opened: [String: String], limit: Int) throws -> [UInt8] {
    guard let path = opened[name] else { return try catalog.source.contents(of: "\(backup)/\(name)", limit: limit) }
    return try FolderSource(root: (path as NSString).deletingLastPathComponent).contents(
      of: (path as NSString).lastPathComponent, limit: limit)
  }
}
