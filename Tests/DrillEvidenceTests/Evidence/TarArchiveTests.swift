import DrillEvidence
import DrillModel
import Foundation
import Testing

@Suite("Archives")
struct TarArchiveTests {
  static let time = Instant(millisecondsSince1970: 1_767_225_600_000)
  static let entries = [
    TarEntry("b/two.txt", Array("two\n".utf8)), TarEntry("a.txt", []),
    TarEntry("b/one.bin", Array(repeating: 7, count: 513)),
  ]

  @Test("give back their files in order, and are the same whatever order the files came in")
  func roundTrip() throws {
    let bytes = TarArchive.encode(TarArchiveTests.entries, time: TarArchiveTests.time)
    let read = try TarArchive.decode(bytes)
    #expect(read.entries == TarArchiveTests.entries.sorted { $0.name < $1.name })
    #expect(read.time == TarArchiveTests.time)
    #expect(TarArchive.encode(TarArchiveTests.entries.reversed(), time: TarArchiveTests.time) == bytes)
  }

  @Test("are read by tar itself, to the byte")
  func systemTar() throws {
    try withTemporaryFolder { folder in
      let archive = TarArchive.encode(TarArchiveTests.entries, time: TarArchiveTests.time)
      try Data(archive).write(to: URL(fileURLWithPath: folder + "/a.tar"))
      #expect(try Shell.run("mkdir x && tar -xf a.tar -C x", in: folder).status == 0)
      for entry in TarArchiveTests.entries {
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/x/\(entry.name)")) == Data(entry.bytes))
      }
    }
  }

  @Test("with any one byte changed are refused, or hold another file")
  func everyByte() throws {
    let bytes = TarArchive.encode(TarArchiveTests.entries, time: TarArchiveTests.time)
    let sound = try TarArchive.decode(bytes)
    for offset in bytes.indices {
      var changed = bytes
      changed[offset] ^= 1 << UInt8(offset % 8)
      if let read = try? TarArchive.decode(changed) {
        #expect(read.entries != sound.entries, "byte \(offset)")
      }
    }
  }

  @Test("cut off anywhere are refused")
  func truncated() {
    let bytes = TarArchive.encode(TarArchiveTests.entries, time: TarArchiveTests.time)
    for count in 0..<bytes.count {
      #expect(throws: TarArchive.Refusal.self) { try TarArchive.decode(Array(bytes.prefix(count))) }
    }
  }

  @Test(
    "made by another tar with a trick in them are refused for it",
    arguments: [
      ("ln -s /etc/passwd link && tar $ORDER -cf out.tar link", TarArchive.Refusal.Reason.notAFile),
      ("mkdir d && tar $ORDER -cf out.tar d", .badName),
      ("echo 1 > a && tar $ORDER -P --transform 's,^,/tmp/,' -cf out.tar a", .badName),
      ("echo 1 > a && tar $ORDER -P --transform 's,^,../,' -cf out.tar a", .badName),
      ("echo 1 > a && tar $ORDER -P --transform 's,^,b/../,' -cf out.tar a", .badName),
      ("echo 1 > a && tar $ORDER --transform 's,^,./,' -cf out.tar a", .badName),
      ("echo 1 > 'a b' && tar $ORDER -cf out.tar 'a b'", .badName),
      ("echo 1 > a && echo 2 > b && tar $ORDER -cf out.tar b a", .notCanonical),
      ("echo 1 > a && chmod 755 a && tar $ORDER -cf out.tar a", .notCanonical),
      ("echo 1 > a && tar --format=gnu -cf out.tar a", .notCanonical),
      (
        "printf x > a && tar $ORDER --mode=0644 --owner=:0 --group=:0 -cf out.tar a && printf x | dd of=out.tar bs=1 seek=514 conv=notrunc",
        .padding
      ),
    ])
  func tricks(_ command: String, _ reason: TarArchive.Refusal.Reason) throws {
    try withTemporaryFolder { folder in
      let order = "--format=ustar --owner=:0 --group=:0 --mode=0644"
      let ending = try Shell.run(
        command.replacing(
          "$ORDER", with: command.contains("chmod") ? order.replacing(" --mode=0644", with: "") : order), in: folder)
      try #require(ending.status == 0, "\(ending.output)")
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/out.tar")))
      let refusal = #expect(throws: TarArchive.Refusal.self) { try TarArchive.decode(bytes) }
      #expect(refusal?.reason == reason, "\(String(describing: refusal))")
    }
  }

  /// One file's header and contents, as they stand in an archive.
  private static func blocks(_ entry: TarEntry) -> [UInt8] {
    Array(TarArchive.encode([entry], time: time).dropLast(1024))
  }

  /// With a byte of the header changed, and its checksum made to fit.
  private static func patched(_ blocks: [UInt8], at offset: Int, _ byte: UInt8) -> [UInt8] {
    var blocks = blocks
    blocks[offset] = byte
    blocks.replaceSubrange(148..<156, with: repeatElement(0x20, count: 8))
    let digits = String(blocks.prefix(512).reduce(0) { $0 + Int($1) }, radix: 8)
    let sum = String(repeating: "0", count: 6 - digits.count) + digits
    blocks.replaceSubrange(148..<156, with: Array(sum.utf8) + [0, 0x20])
    return blocks
  }

  @Test("that look like ours but for one thing are refused for it")
  func almostOurs() {
    let (a, b) = (TarArchiveTests.blocks(TarEntry("a", [1])), TarArchiveTests.blocks(TarEntry("b", [2])))
    let end = [UInt8](repeating: 0, count: 1024)
    let patch = TarArchiveTests.patched
    let cases: [(String, [UInt8], TarArchive.Refusal.Reason)] = [
      ("twice", a + a + end, .duplicate), ("out of order", b + a + end, .notCanonical),
      ("bytes after the end", a + end + [1], .trailingBytes), ("zeros after the end", a + end + end, .trailingBytes),
      ("another archive after the end", a + end + b + end, .trailingBytes),
      ("one block at the end", a + [UInt8](repeating: 0, count: 512), .truncated), ("nothing", end, .truncated),
      ("hidden byte", a.dropLast() + [1] + end, .padding), ("hard link", patch(a, 156, 0x31) + end, .notAFile),
      ("folder", patch(a, 156, 0x35) + end, .notAFile), ("extended header", patch(a, 156, 0x78) + end, .notAFile),
      ("executable", patch(a, 106, 0x35) + end, .notCanonical),
      ("another owner", patch(a, 114, 0x31) + end, .notCanonical),
      ("another time", a + patch(b, 146, 0x37) + end, .notCanonical), ("prefix", patch(a, 345, 0x2e) + end, .badName),
      ("absolute", patch(a, 0, 0x2f) + end, .badName), ("dot", patch(a, 0, 0x2e) + end, .badName),
      ("hidden name", patch(a, 2, 0x61) + end, .notCanonical),
      ("owner's name", patch(a, 265, 0x72) + end, .notCanonical),
      ("device", patch(a, 335, 0x31) + end, .notCanonical), ("huge", patch(a, 124, 0x37) + end, .truncated),
    ]
    for (name, bytes, reason) in cases {
      let refusal = #expect(throws: TarArchive.Refusal.self, "\(name)") { try TarArchive.decode(bytes) }
      #expect(refusal?.reason == reason, "\(name): \(String(describing: refusal))")
    }
    #expect(throws: Never.self) { try TarArchive.decode(a + b + end) }
  }
}
