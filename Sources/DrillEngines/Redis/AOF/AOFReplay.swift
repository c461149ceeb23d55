internal import DrillModel

/// The second pass over a log: what is there in the end.
final class AOFReplay {
  private let scan: AOFScan
  private let selection: RecordSelection
  private let slotOf: @Sendable (UnsafeRawBufferPointer) -> Slot
  private let handler: RecordHandler
  private let store: AOFInterpreter
  private var collector = AOFRecordCollector()
  /// Whether the snapshot's record at hand is kept, or dropped, rather than handed on.
  private var isKept = false
  private var passedOn: UInt64 = 0
  private var opaque: UInt64 = 0

  init(
    _ scan: AOFScan, selection: RecordSelection, makes: Int,
    slotOf: @escaping @Sendable (UnsafeRawBufferPointer) -> Slot,
    handler: @escaping RecordHandler
  ) {
    self.scan = scan
    self.selection = selection
    self.slotOf = slotOf
    self.handler = handler
    // `valkey 9.0.1` or `7.0.15`; only servers since 7.0 make logs of several files.
    let writer = scan.snapshot?.facts.writer ?? ""
    let major = writer.split(separator: ".").first.flatMap { Int($0) } ?? 0
    store = AOFInterpreter(isSince7: scan.layout.isMultiPart || writer.hasPrefix("valkey") || major >= 7, makes: makes)
  }

  func run(_ facts: inout ReadFacts) throws {
    if scan.snapshot != nil { try readSnapshot() }
    try replay()
    try handOn(&facts)
    writeNotes(&facts)
  }

  // MARK: The snapshot

  private func readSnapshot() throws {
    let source = try FileByteSource(path: scan.layout.files[0].path)
    let facts = try RDBReader(slotOf: slotOf).readPreamble(source, selection: .all) { try take($0) }
    guard facts.problems.isEmpty else {
      throw DrillError(
        .storeMoved, subject: scan.layout.files[0].name, detail: "the file changed while it was read; read a copy")
    }
  }

  private func take(_ batch: RecordBatch) throws {
    let database = Int(batch.namespace.dropFirst(2)) ?? 0
    let isEmptied = scan.touched.isEmptied(database)
    let number = scan.touched.number(of: database)
    if !isEmptied, !scan.touched.isTouched(in: database), selection == .all, number == database, !isKept,
      !batch.pieces.contains(where: { $0.kind == .library })
    {
      count(batch.pieces)
      return try handler(batch)
    }
    var rest = RecordBatch(namespace: "db\(number)")
    for piece in batch.pieces {
      let isTouched = isTouched(piece, batch, database)
      if piece.begins { isKept = piece.kind == .library || isEmptied || isTouched }
      if isKept {
        // Before its database was emptied, a record may have been taken to another one.
        try keep(piece, batch, isTouched && !scan.touched.areAllEmptied ? database : nil)
        if piece.ends { isKept = false }
        continue
      }
      var piece = piece
      if piece.begins { count([piece]) }
      guard selection.contains(piece.slot) else { continue }
      let first = Int(piece.elementIndex)
      piece.elementIndex = UInt32(rest.elements.count)
      rest.elements += batch.elements[first..<first + Int(piece.elementCount)]
      rest.pieces.append(piece)
    }
    guard !rest.pieces.isEmpty else { return }
    rest.bytes = batch.bytes
    try handler(rest)
  }

  private func count(_ pieces: [RecordBatch.Piece]) {
    for piece in pieces where piece.begins {
      passedOn += 1
      if piece.kind == .module { opaque += 1 }
    }
  }

  private func isTouched(_ piece: RecordBatch.Piece, _ batch: RecordBatch, _ database: Int) -> Bool {
    key(piece, batch) { scan.touched.contains($0, in: database) }
  }

  private func key<R>(
    _ piece: RecordBatch.Piece, _ batch: RecordBatch, _ body: (UnsafeRawBufferPointer) -> R
  ) -> R {
    batch.bytes.withUnsafeBytes {
      body(UnsafeRawBufferPointer(rebasing: $0[Int(piece.keyOffset)..<Int(piece.keyOffset + piece.keyCount)]))
    }
  }

  /// - Parameter database: nil: the record is gone in the end, unless it is a library.
  private func keep(_ piece: RecordBatch.Piece, _ batch: RecordBatch, _ database: Int?) throws {
    if piece.kind != .library, database == nil { return }
    guard let value = collector.take(piece, of: batch) else { return }
    let key = key(piece, batch) { Array($0) }
    if piece.kind == .library {
      if case .string(let code) = value { store.libraries[key] = code.bytes }
    } else if let database {
      store.database(database).entries[key] = AOFEntry(value, expiry: piece.expiry)
    }
  }

  // MARK: The commands

  private func replay() throws {
    for (index, file) in scan.layout.files.enumerated() where index <= scan.end.file {
      let start = index == 0 ? scan.snapshot?.bytes ?? file.start : file.start
      let reader = try AOFCommandReader(path: file.path, from: start, sizeBytes: file.sizeBytes)
      store.select(file.database)
      reading: while index < scan.end.file || reader.offset < scan.end.offset {
        let item = try reader.next()
        switch (item, item == .command ? AOFCommandTable.entry(reader.command) : nil) {
        case (.annotation, _): continue
        case (.command, let entry?): store.apply(reader.command, entry)
        case (.end, _) where index < scan.end.file: break reading
        case (.command, nil), (.end, _), (.torn, _):
          throw DrillError(.storeMoved, subject: file.name, detail: "the file changed while it was read; read a copy")
        }
      }
    }
  }

  // MARK: What is there in the end

  private func handOn(_ facts: inout ReadFacts) throws {
    let records = RecordBuilder(selection: selection, slotOf: slotOf, handler: handler)
    let writer = AOFRecordWriter(records: records)
    facts.records = passedOn
    for (name, code) in store.libraries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      try writer.write(library: name, code: code)
      facts.records += 1
    }
    for number in store.numbers {
      let database = store.database(number)
      try records.select(namespace: "db\(number)")
      for (key, entry) in database.entries {
        try writer.write(key, entry)
        facts.records += 1
        if case .module = entry.value { opaque += 1 }
      }
      facts.leftOutRecords += database.unknown.map { .init(namespace: "db\(number)", key: $0) }
    }
    try records.flush()
    facts.opaqueRecords = opaque
  }

  private func writeNotes(_ facts: inout ReadFacts) {
    if scan.commands > 0 { facts.notes.append("\(scan.commands) commands were read from the log") }
    if store.refusals > 0 {
      facts.notes.append(
        "\(store.refusals) commands change nothing, since a server would answer them with an error: they may belong to"
          + " other data")
    }
    guard !facts.leftOutRecords.isEmpty else { return }
    let names = store.notModelled.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }
    facts.notes.append(
      "\(facts.leftOutRecords.count) keys are left out, since what these commands did to them is not modelled:"
        + " \(names.joined(separator: ", "))")
  }
}
