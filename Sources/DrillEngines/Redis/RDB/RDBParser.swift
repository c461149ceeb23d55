internal import DrillModel

/// One reading of one stream: the frame around the records. What the values are made of is in the extensions, a file
/// per family.
final class RDBParser {
  let source: SourceWindow
  let lzf: LZFWindow
  let records: RecordBuilder
  private(set) var facts = ReadFacts()
  private var expiry = RecordBatch.noExpiry
  private var emptyCollections: UInt64 = 0
  private var skippedModuleFields: [String: UInt64] = [:]
  /// How many values there are of each module's type, by its id.
  var moduleValues: [UInt64: UInt64] = [:]
  private var recordCount: UInt64 = 0
  private var opaqueCount: UInt64 = 0
  private var version = 0
  private var family = RDBFormat.Family.redis
  /// What the file says of its cut, by the aux field's name.
  private(set) var told: [String: String] = [:]

  /// Whether something else follows the snapshot, which is not taken.
  private let isPreamble: Bool

  init(_ source: any ByteSource, records: RecordBuilder, isPreamble: Bool = false) {
    self.isPreamble = isPreamble
    self.source = SourceWindow(source)
    lzf = LZFWindow(over: self.source)
    self.records = records
  }

  /// Reads to the end or to the first damage. Afterwards ``facts`` says what there was.
  func run() throws {
    do {
      guard try readHeader() else { return }
      while try readItem() {}
      try records.flush()
      try readTrailer()
      facts.bytesRead = source.offset
    } catch let damage as RDBDamage {
      facts.bytesRead = source.offset
      facts.problems.append(.init(.undecodable, offset: Int64(clamping: source.offset), detail: damage.detail))
      facts.notes.append("reading stopped at offset \(source.offset)")
      records.dropRecord()
      try records.flush()
    }
    facts.records = recordCount
    facts.opaqueRecords = opaqueCount
    writeNotes()
  }

  /// Reads the aux fields at the head, and nothing after them; whatever is wrong there is for a whole reading to say.
  func runHead() throws {
    do {
      guard try readHeader() else { return }
      while RDBFormat.Opcode(rawValue: try source.byte()) == .aux { try readAux() }
    } catch is RDBDamage {}
  }

  /// False where the version is not one that is read. Source: redis 7.0 src/rdb.c `rdbSaveRio`; Valkey 9.0 src/rdb.c.
  private func readHeader() throws -> Bool {
    var magic: [UInt8] = []
    try source.take(9, to: &magic)
    guard let format = RDBVersion(magic: magic) else { throw RDBDamage("it does not start as a snapshot does") }
    (family, version) = (format.family, format.number)
    facts.formatVersion = version
    guard family.versions.contains(version) else {
      facts.bytesRead = source.offset
      facts.problems.append(
        .init(
          .unsupportedVersion, offset: 0,
          detail: "format \(format) is not read; \(RDBFormat.Family.known) are"))
      return false
    }
    return true
  }

  /// One opcode with what belongs to it, or one record. False at the end.
  private func readItem() throws -> Bool {
    let byte = try source.byte()
    guard byte >= RDBFormat.firstOpcode else {
      try readRecord(byte)
      return true
    }
    switch RDBFormat.Opcode(rawValue: byte) {
    case .end: return false
    case .expiryMilliseconds: try setExpiry(source.littleEndian(Int64.self))
    case .expirySeconds: try setExpiry(Int64(source.littleEndian(Int32.self)) * 1000)
    case .selectDatabase: try records.select(namespace: "db\(length())")
    case .resizeDatabase:
      _ = try length()
      _ = try length()
    case .slotInfo:
      // A slot's number, and how many keys and expiries to expect there. Source: redis 7.4 src/rdb.c `rdbSaveDb`.
      for _ in 0..<3 { _ = try length() }
    case .slotImport where family == .valkey: try skipSlotImport()
    case .functionOfPreRelease: throw RDBDamage("a function of Redis 7.0's release candidates, which no server loads")
    case .idle: _ = try length()
    case .frequency: _ = try source.byte()
    case .aux: try readAux()
    case .moduleAux: try skipModuleAux()
    case .function2: try readLibrary()
    case .slotImport, nil: throw RDBDamage("unknown opcode \(byte)")
    }
    return true
  }

  /// The server takes −1 for no expiry. Source: redis 7.0 src/rdb.c `rdbLoadRioWithLoadingCtx`.
  private func setExpiry(_ milliseconds: Int64) throws {
    guard milliseconds != RecordBatch.noExpiry else { throw RDBDamage("an expiry before all time") }
    expiry = milliseconds == -1 ? RecordBatch.noExpiry : milliseconds
  }

  private func readRecord(_ byte: UInt8) throws {
    guard let type = RDBFormat.ValueType(byte, in: family) else {
      let name = byte == 6 ? " (a module's, of Redis 4.0's release candidates)" : ""
      throw RDBDamage("a value of type \(byte)\(name), which is not read")
    }
    records.beginKey()
    try copyString()
    records.beginRecord(type.kind, expiry: expiry)
    expiry = RecordBatch.noExpiry
    guard try readValue(type) else {
      emptyCollections += 1
      records.dropRecord()
      return
    }
    try records.endRecord()
    recordCount += 1
    if type == .module2 { opaqueCount += 1 }
  }

  /// False where the value is a collection without elements.
  @inline(__always)
  private func readValue(_ type: RDBFormat.ValueType) throws -> Bool {
    switch type {
    case .string: try readBlob()
    case .list: return try readList()
    case .set: return try readSet()
    case .hash: return try readHash()
    case .sortedSetBinary: return try readSortedSet { try self.source.littleEndian(UInt64.self).asDouble }
    case .sortedSetText: return try readSortedSet { try self.textScore() }
    case .listQuicklist2: return try readQuicklist2()
    case .listQuicklist: return try readQuicklist()
    case .listZiplist: return try withZiplist { try readPackedList(&$0) }
    case .setIntset: return try readIntset()
    case .setListpack: return try withListpack { try readPackedSet(&$0) }
    case .hashZipmap: return try withZipmap { try readPackedHash(&$0) }
    case .hashZiplist: return try withZiplist { try readPackedHash(&$0) }
    case .hashListpack: return try withListpack { try readPackedHash(&$0) }
    case .hashExpiring: return try readExpiringHash(relativeTo: source.littleEndian(Int64.self))
    case .hashExpiringOfPreRelease: return try readExpiringHash(relativeTo: 1)
    case .hashExpiringListpack:
      _ = try source.littleEndian(Int64.self)  // the earliest of the fields' expiries
      return try withListpack { try readExpiringHash(&$0) }
    case .hashExpiringListpackOfPreRelease: return try withListpack { try readExpiringHash(&$0) }
    case .hashExpiringValkey: return try readExpiringValkeyHash()
    case .sortedSetZiplist: return try withZiplist { try readPackedSortedSet(&$0) }
    case .sortedSetListpack: return try withListpack { try readPackedSortedSet(&$0) }
    case .streamListpacks: try readStream(version: 1)
    case .streamListpacks2: try readStream(version: 2)
    case .streamListpacks3: try readStream(version: 3)
    case .module2: try readModule()
    }
    return true
  }

  /// A name and a value about the file; unknown names are passed over, as the format demands. Source: redis 7.0
  /// src/rdb.c `rdbSaveInfoAuxFields`.
  private func readAux() throws {
    let name = try shortString()
    let value = try shortString()
    // Valkey names itself first, and then the Redis that it can be taken for.
    if let value, name == Array("valkey-ver".utf8) {
      facts.writer = "valkey " + String(decoding: value, as: UTF8.self)
    } else if let value, name == Array("redis-ver".utf8), facts.writer == nil {
      facts.writer = String(decoding: value, as: UTF8.self)
    } else if let name, let value, RDBHead.fields.contains(where: { name.elementsEqual($0.utf8) }) {
      told[String(decoding: name, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
    }
  }

  /// A function library: its code is the record, and its first line (`#!lua name=mylib`) holds the name that is the
  /// key.
  ///
  /// Source: redis 7.0 src/functions.c `functionExtractLibMetaData`.
  private func readLibrary() throws {
    try withString { window, count in
      try window.require(Int(min(count, UInt64(ByteWindow.reach))))
      let start = UnsafeRawBufferPointer(start: window.cursor, count: Int(min(count, UInt64(window.available))))
      guard start.starts(with: "#!".utf8), let lineEnd = start.firstIndex(of: UInt8(ascii: "\n")) else {
        throw RDBParser.namelessLibrary
      }
      let words = start[..<lineEnd].split { $0 == 0x20 || (0x09...0x0d).contains($0) }
      guard let word = words.dropFirst().first(where: { $0.prefix(5).map { $0 | 0x20 } == Array("name=".utf8) }) else {
        throw RDBParser.namelessLibrary
      }
      records.beginKey()
      try records.append(UnsafeRawBufferPointer(rebasing: word.dropFirst(5)))
      records.beginUnslottedRecord(.library)
      try records.blobHead(count)
      try records.copy(count, from: window)
      try records.endRecord()
      recordCount += 1
    }
  }

  private static var namelessLibrary: RDBDamage { RDBDamage("a function library without a name in its first line") }

  private func skipModuleAux() throws {
    let module = ModuleType(id: try length())
    // When it belongs: before or after the records, as a number with its tag. Source: redis 7.0 src/rdb.c
    // `rdbSaveSingleModuleAux`.
    guard try length() == 2 else { throw RDBDamage("module data of \(module.name) without its place") }
    _ = try length()
    try readModuleParts { if case .string = $0 { _ = try shortString() } }
    skippedModuleFields[module.name, default: 0] += 1
  }

  /// A move of slots that was coming in: its name, and the ends of each range of slots. Source: valkey 9.0
  /// src/cluster_migrateslots.c `clusterRDBSaveSlotImports`.
  private func skipSlotImport() throws {
    _ = try shortString()
    let ranges = try length()
    guard ranges <= UInt64(Slot.count) else { throw RDBDamage("an import of \(ranges) ranges of slots") }
    try times(ranges) {
      let (first, last) = (try length(), try length())
      facts.notes.append("slots \(first) to \(last) were being imported")
    }
  }

  private func readTrailer() throws {
    if version >= RDBFormat.firstVersionWithChecksum {
      let computed = source.checksum
      let stored = try source.littleEndian(UInt64.self)
      facts.checksum = stored == 0 ? .disabled : .present(stored: stored.hexadecimal, computed: computed.hexadecimal)
    }
    if !isPreamble { facts.bytesAfterEnd = try source.drain() }
  }

  private func writeNotes() {
    if emptyCollections > 0 {
      facts.notes.append(
        "\(emptyCollections) collections without elements were passed over, as a server does when it loads them")
    }
    for (id, count) in moduleValues.sorted(by: { $0.key < $1.key }) {
      let type = ModuleType(id: id)
      facts.notes.append(
        "\(count) values of a module, of type \(type.name) version \(type.encodingVersion), are compared as stored bytes"
      )
    }
    for (name, count) in skippedModuleFields.sorted(by: { $0.key < $1.key }) {
      facts.notes.append("\(count) fields that module \(name) keeps beside the records were passed over")
    }
  }
}

extension RDBFormat.ValueType {
  fileprivate var kind: RecordKind {
    switch self {
    case .string: .string
    case .list, .listQuicklist2, .listQuicklist, .listZiplist: .list
    case .set, .setIntset, .setListpack: .set
    case .hash, .hashZipmap, .hashZiplist, .hashListpack, .hashExpiring, .hashExpiringListpack,
      .hashExpiringOfPreRelease, .hashExpiringListpackOfPreRelease, .hashExpiringValkey:
      .hash
    case .sortedSetText, .sortedSetBinary, .sortedSetZiplist, .sortedSetListpack: .sortedSet
    case .streamListpacks, .streamListpacks2, .streamListpacks3: .stream
    case .module2: .module
    }
  }
}

extension UInt64 {
  var asDouble: Double { Double(bitPattern: self) }

  fileprivate var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
