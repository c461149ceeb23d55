public import DrillCrypto
import DrillModel
import Foundation
import Glibc

/// A tree head that is kept outside of the ledger, beside a catalog: the witness of how long the ledger once was.
public struct AnchoredHead: Hashable, Sendable {
  /// The file's path.
  public var place: String
  /// What the file holds, whatever it is: a checkpoint, plain or signed.
  public var bytes: [UInt8]

  public init(place: String, bytes: [UInt8]) {
    self.place = place
    self.bytes = bytes
  }

  /// Largest file that is read; ours have some hundred bytes.
  private static let limit = 1 << 16
  private static let folderName = ".firedrill"

  /// The heads that were anchored in `folder`, a catalog; empty where there are none.
  ///
  /// - Throws: `DrillError` with `io` where they cannot be read.
  public static func read(in folder: String) throws -> [AnchoredHead] {
    let anchors = folder + "/" + folderName
    guard access(anchors, F_OK) == 0 else { return [] }
    do {
      let names = try FileManager.default.contentsOfDirectory(atPath: anchors).filter { $0.hasSuffix(".note") }
      return try names.sorted().compactMap { try read(at: anchors + "/" + $0) }
    } catch let error as DrillError {
      throw error
    } catch {
      throw DrillError(.io, subject: anchors, detail: "the anchored tree heads cannot be listed", underlying: error)
    }
  }

  static func place(of origin: String, in folder: String) -> String {
    folder + "/" + folderName + "/" + origin.replacing("/", with: "-") + ".note"
  }

  /// Nil where there is no such file.
  static func read(at place: String) throws -> AnchoredHead? {
    guard let file = fopen(place, "re") else {
      if errno == ENOENT { return nil }
      throw DrillError(
        .io, subject: place, detail: "the anchored tree head cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = fread(&bytes, 1, limit, file)
    return AnchoredHead(place: place, bytes: Array(bytes.prefix(count)))
  }

  /// The head that stands there, whoever signed it; nil where it is not a head.
  public var head: TreeHead? { checkpoint.flatMap { TreeHead(text: $0) } }

  /// Whether somebody signed it.
  public var isSigned: Bool { checkpoint.map { Array($0.utf8) != bytes } ?? false }

  /// The first of the trusted keys that signed it; nil where none did.
  public func signer(among trusted: [PublicKey]) -> PublicKey? {
    trusted.first { TreeHead(verifying: bytes, trusted: [$0]) != nil }
  }

  /// The text of the checkpoint: the payload of an envelope, or what stands before the signatures of a note.
  private var checkpoint: String? {
    if bytes.first == UInt8(ascii: "{") {
      guard let envelope = try? Envelope(parsing: bytes), envelope.payloadType == TreeHead.payloadType else {
        return nil
      }
      return String(validating: envelope.payload, as: UTF8.self)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    return text.firstRange(of: "\n\n").map { text[..<$0.lowerBound] + "\n" } ?? text
  }

  /// Replaces the file as a whole or not at all, durably.
  ///
  /// - Throws: `DrillError` with `catalog-unwritable`.
  func write() throws {
    func check(_ succeeded: Bool, _ what: String) throws {
      guard !succeeded else { return }
      throw DrillError(
        .catalogUnwritable, subject: place,
        detail: "the tree head cannot be \(what): \(String(cString: strerror(errno)))")
    }
    let folder = (place as NSString).deletingLastPathComponent
    try check(mkdir(folder, 0o755) == 0 || errno == EEXIST, "anchored here")
    let fresh = place + ".\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    try check(descriptor >= 0, "anchored here")
    let isWritten = Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
    close(descriptor)
    let isInPlace = isWritten && rename(fresh, place) == 0
    if !isInPlace { unlink(fresh) }
    try check(isInPlace, "written")
    let parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if parent >= 0 {
      fsync(parent)
      close(parent)
    }
  }
}
