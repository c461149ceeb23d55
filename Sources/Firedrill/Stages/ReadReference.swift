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
      let bytes =
        try stored.opened[name].map { path in
          try FolderSource(root: (path as NSString).deletingLastPathComponent).contents(
            of: (path as NSString).lastPathComponent, limit: 1 << 30)
        } ?? catalog.source.contents(of: "\(stored.manifest.backup)/\(name)", limit: 1 << 30)
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
}
