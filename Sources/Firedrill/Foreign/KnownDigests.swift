import DrillChecks
import DrillCrypto
import DrillModel
import Foundation

/// A list of digests that came with files, with whoever signed it.
struct KnownDigests: Sendable {
  let list: ChecksumList
  let outcome: DetachedChecksum?
  /// The list's own file and those of its signature and key, absolute: nobody lists them.
  private let own: Set<String>
  private let name: String
  /// The folder that the list's names are relative to.
  private let base: String

  private static let sizeLimit = 64 << 20

  /// - Parameter root: the folder of the files, where there is one: names are relative to it where none of them lies beside the list.
  /// - Throws: `DrillError`: `bad-file` where the list is not of a known form; `key-unreadable`; `server-missing` where a program is.
  init(_ source: DigestsSource, root: String?) async throws {
    let path = Workplace.absolute(source.list)
    name = (path as NSString).lastPathComponent
    let bytes = try KnownDigests.read(path)
    list = try ChecksumList(bytes, subject: name)
    let folder = (path as NSString).deletingLastPathComponent
    let isThere = list.lines.contains { !$0.name.hasPrefix("/") && access("\(folder)/\($0.name)", F_OK) == 0 }
    base = isThere ? folder : root ?? folder
    var own: Set<String> = [path]
    if let signature = source.signature.map(Workplace.absolute), let key = source.key.map(Workplace.absolute) {
      own.formUnion([signature, key])
      let (signatureBytes, keyBytes) = (try KnownDigests.read(signature), try KnownDigests.read(key))
      outcome =
        if let told = try DetachedChecksum.verify(
          signatureBytes, of: bytes, key: keyBytes, subject: (key as NSString).lastPathComponent)
        {
          told
        } else {
          try await GPGSignature.verify(signature: signatureBytes, of: bytes, key: keyBytes)
        }
    } else {
      outcome = nil
    }
    self.own = own
  }

  private static func read(_ path: String) throws -> [UInt8] {
    try FolderSource(root: (path as NSString).deletingLastPathComponent).contents(
      of: (path as NSString).lastPathComponent, limit: sizeLimit)
  }

  /// Whose signature stands below the list; nil where there is none that verifies.
  var signedBy: String? { if case .good(let signer)? = outcome { signer } else { nil } }

  /// What the bytes were held against, one sentence.
  var proof: String {
    signedBy.map { "the bytes are those of \(name), signed by \($0)" }
      ?? "the bytes are those of \(name), which nobody signed: whoever can change the files can change it too"
  }

  /// The absolute path that a line is about. A list made elsewhere has that place's absolute names: of these the last part counts.
  private func path(of line: ChecksumList.Line) -> String {
    let relative = line.name.hasPrefix("/") ? (line.name as NSString).lastPathComponent : line.name
    return URL(fileURLWithPath: base + "/" + relative).standardizedFileURL.path
  }

  /// - Parameters:
  ///   - files: of the artifacts, by the path that they had for whoever made the list; a digest is nil where the file could not be read.
  ///   - folders: where they were found: what else lies there has to be listed as well, and what is listed there has to be there.
  func findings(
    about files: [(path: String, name: String, shard: String?, digest: Digest?)], in folders: [ForeignFolder],
    backup: String
  ) -> [Finding] {
    let listed = Dictionary(list.lines.map { (path(of: $0), $0.digest) }, uniquingKeysWith: { first, _ in first })
    var entries = files.map { file in
      DigestsCheck.Entry(
        name: file.name, shard: file.shard, expected: listed[file.path], observed: file.digest, isPresent: true)
    }
    var known = Set(files.map(\.path)).union(own)
    for folder in folders where !folder.isFile {
      for other in folder.others {
        let path = "\(folder.root)/\(other.path)"
        guard known.insert(path).inserted, listed[path] == nil else { continue }
        entries.append(.init(name: other.path, shard: nil, expected: nil, observed: nil, isPresent: true))
      }
      for path in listed.keys where path.hasPrefix(folder.root + "/") && !known.contains(path) {
        let name = String(path.dropFirst(folder.root.count + 1))
        let isThere = folder.others.contains { $0.path == name }
        guard !isThere, known.insert(path).inserted else { continue }
        entries.append(.init(name: name, shard: nil, expected: listed[path], observed: nil, isPresent: false))
      }
    }
    return DigestsCheck.check(outcome, list: name, backup: backup)
      + DigestsCheck.check(entries, list: name, backup: backup)
  }
}
