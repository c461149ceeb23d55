internal import DrillCrypto
internal import DrillModel

@testable import DrillEngines
@testable import DrillEvidence

/// Short texts of other programs and of ours. The first byte picks the reader.
enum TextReaders {
  static func text(_ bytes: [UInt8]) {
    guard let kind = bytes.first else { return }
    let rest = Array(bytes.dropFirst())
    let text = String(decoding: rest, as: UTF8.self)
    switch kind % 12 {
    case 0: _ = try? ChecksumList(rest, subject: "SUMS")
    case 1: if let sums = DigestList.decode(rest) { promise(!sums.isEmpty, "a list names something") }
    case 2: if let hashes = LogText.hashes(rest) { promise(LogText.hashes(hashes) == rest, "hashes have one form") }
    case 3: if let proof = LogText.proof(rest) { promise(LogText.proof(proof) == rest, "a proof has one form") }
    case 4: _ = EvidenceTrust.head(in: rest)
    case 5: _ = try? RedisEngine().statedTopology(in: text)
    case 6: _ = try? AOFManifest(parsing: rest)
    case 7:
      guard let (annotation, _, covered) = StreamAnnotation.read(rest) else { return }
      promise(Array(annotation.text.utf8) == Array(rest.prefix(covered)), "an annotation has one form")
    case 8:
      if let slots = SlotSet(parsing: text) {
        promise(SlotSet(parsing: slots.description) == slots, "slots have one form")
      }
    case 9:
      if let position = SQLitePosition(parsing: text) {
        promise(SQLitePosition(parsing: position.description) == position, "positions are written as they are read")
      }
    case 10:
      if let time = Instant(parsing: text) { promise(!time.description.isEmpty, "a time has a text") }
    default: _ = RedisInfo(text).replicas
    }
  }
}
