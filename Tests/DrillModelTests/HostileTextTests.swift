import DrillCrypto
import DrillModel
import Foundation
import Testing

@Suite("what is stored, and may be damaged or somebody else's,")
struct HostileTextTests {
  private static let manifest = Manifest(
    backup: "app-1", cluster: "app", engine: "redis", engineVersion: "7.0.15",
    cut: Cut(
      time: Instant(millisecondsSince1970: 1_769_832_000_123), coherence: .coherent, positions: ["a": "r:1"],
      proof: ["p"]),
    scope: .init(namespaces: ["db0"]),
    topology: Topology(
      epoch: 3, shards: [.init(name: "a", slots: SlotSet(0...9)), .init(name: "b", slots: SlotSet(10...16383))],
      moves: [.init(slot: Slot(3), source: "a", target: "b")]),
    artifacts: [], reference: Reference(independentReaders: 1, counts: "counts.json"))

  private func read(_ payload: [UInt8]) -> Manifest? {
    try? Statement<Manifest>(payload: payload, predicateType: Manifest.predicateType).predicate
  }

  @Test("names a slot that there is, or is refused", arguments: [16384, 20000, 65535, 65536, -1])
  func slots(number: Int) throws {
    let text = String(decoding: try Self.manifest.statement.payload(), as: UTF8.self)
    #expect(read(Array(text.utf8)) == Self.manifest)
    let changed = text.replacing(#""slot":3"#, with: #""slot":\#(number)"#)
    #expect(changed != text && read(Array(changed.utf8)) == nil)
    #expect(read(Array(text.replacing(#""slot":3"#, with: #""slot":16383"#).utf8)) != nil)
  }

  @Test("is refused where it is cut off, and refused or another where a byte is changed, as a manifest")
  func manifests() throws {
    let payload = try Self.manifest.statement.payload()
    for end in payload.indices { #expect(read(Array(payload[..<end])) == nil, "cut off at \(end)") }
    for index in payload.indices {
      var changed = payload
      changed[index] ^= 1 << UInt8(index % 8)
      // ISO 8601 may be written in small letters.
      let isTime = payload[index] ^ changed[index] == 0x20 && "TZ".utf8.contains(payload[index])
      #expect(read(changed) != Self.manifest || isTime, "byte \(index)")
    }
  }

  @Test("is read in time where ranges of slots name all of them again and again")
  func ranges() throws {
    let text = Array(repeating: "0-16383", count: 20_000).joined(separator: ",")
    #expect(SlotSet(parsing: text) == .all)
    #expect(SlotSet(parsing: text + ",16384") == nil)
    for range in [0...0, 63...63, 64...64, 0...63, 0...64, 62...65, 5461...10922, 16383...16383, 1...16382] {
      let set = SlotSet(range)
      #expect(set.count == range.count && set.slots.map { Int($0.rawValue) } == Array(range), "\(range)")
      #expect(set.description == (range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"))
    }
  }

  @Test("is refused as JSON where it has more values than are read")
  func values() throws {
    let zeros = Array("[\(Array(repeating: "0", count: 999).joined(separator: ","))]".utf8)
    #expect(throws: Never.self) { try JSONText(parsing: zeros, valueLimit: 1000) }
    let refusal = #expect(throws: JSONText.Refusal.self) { try JSONText(parsing: zeros, valueLimit: 999) }
    #expect(refusal?.reason == "more values than are read")
  }

  @Test("loses no line and changes no digest in silence, as a list of digests")
  func lists() throws {
    let digits = String(repeating: "ab", count: 32)
    let text = Array("\(digits)  a.rdb\nSHA256 (b.rdb) = \(digits)\n\\\(digits) *c\\\\d\n".utf8)
    let whole = try ChecksumList(text, subject: "SUMS").lines
    func lines(_ bytes: [UInt8]) -> [ChecksumList.Line]? { try? ChecksumList(bytes, subject: "SUMS").lines }
    for end in 0..<text.count - 1 { #expect(lines(Array(text[..<end])) != whole, "cut off at \(end)") }
    for index in text.indices {
      for mask: UInt8 in [1, 2, 4, 7, 8, 0x0A, 0x10, 0x20, 0x40, 0x80, 0xFF] {
        var changed = text
        changed[index] ^= mask
        guard lines(changed) == whole else { continue }
        // Capital digits are the same number, `*` and a blank mean the same here, and a blank line more says nothing.
        let (before, after) = (text[index], changed[index])
        let isCase = mask == 0x20 && (before | 0x20) >= 0x61
        let isMode = Set([before, after]) == Set([0x20, 0x2A])
        let isLineEnd = index == text.count - 1 && after == 0x0D
        #expect(isCase || isMode || isLineEnd, "byte \(index) changed by \(mask)")
      }
    }
  }
}
