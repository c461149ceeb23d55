import DrillCrypto
import DrillModel

/// An archive's files, held against the list of digests that it carries. Says nothing of who signed them.
struct OpenedArchive {
  private(set) var files: [String: [UInt8]] = [:]
  private(set) var time = Instant(millisecondsSince1970: 0)
  private(set) var problems: [EvidenceProblem] = []

  init(_ bytes: [UInt8]) {
    do throws(TarArchive.Refusal) {
      let read = try TarArchive.decode(bytes)
      files = Dictionary(read.entries.map { ($0.name, $0.bytes) }, uniquingKeysWith: { first, _ in first })
      time = read.time
    } catch {
      problems.append(
        EvidenceProblem(OpenedArchive.code(error.reason), detail: "\(error.detail) (byte \(error.offset))"))
      return
    }
    guard let listed = files[EvidenceFile.sums].flatMap({ DigestList.decode($0) }) else {
      problems.append(
        EvidenceProblem(
          .manifestUnreadable, file: EvidenceFile.sums, detail: "the list of digests is missing or cannot be read"))
      return
    }
    for (name, digest) in listed.sorted(by: { $0.key < $1.key }) {
      guard let bytes = files[name] else {
        problems.append(EvidenceProblem(.fileMissing, file: name, detail: "\(name) is listed and not there"))
        continue
      }
      if SHA256.digest(bytes) != digest {
        problems.append(EvidenceProblem(.fileChanged, file: name, detail: "\(name) is not the file that was listed"))
      }
    }
    for name in files.keys.sorted() where listed[name] == nil && !EvidenceFile.isOutsideSums(name) {
      problems.append(EvidenceProblem(.fileUnexpected, file: name, detail: "\(name) is not listed"))
    }
  }

  private static func code(_ reason: TarArchive.Refusal.Reason) -> EvidenceProblem.Code {
    switch reason {
    case .truncated: .archiveTruncated
    case .badName: .badName
    case .notAFile: .notAFile
    case .duplicate: .duplicateEntry
    case .trailingBytes: .trailingBytes
    case .padding: .hiddenBytes
    case .notCanonical: .notCanonical
    }
  }
}
