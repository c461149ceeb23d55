internal import DrillModel

/// The first pass over a log: where it ends, what its commands touch, and what is wrong with it.
struct AOFScan {
  /// Where reading stops: files before `file` are read whole, and that one up to `offset`.
  struct End: Hashable, Sendable {
    var file: Int
    var offset: UInt64
  }

  /// A point that a log does not have.
  struct PointMissing: Error {}

  let layout: AOFLayout
  private(set) var end = End(file: 0, offset: 0)
  private(set) var touched = AOFTouchedKeys()
  /// Of the snapshot at the beginning of the first file, and where its bytes end; nil: there is none.
  private(set) var snapshot: (facts: ReadFacts, bytes: UInt64)?
  private(set) var problems: [ReadFacts.Problem]
  private(set) var notes: [String] = []
  private(set) var tornBytes: UInt64 = 0
  /// Bytes after the point that was asked for.
  private(set) var laterBytes: UInt64 = 0
  private(set) var commands: UInt64 = 0
  /// The database that is selected at the end of what was read.
  private(set) var database = 0
  /// The last time stamp before the end, in seconds since 1970.
  private(set) var time: Int64?

  /// The same as a position of the log; nil where it has no file.
  var endPosition: ReplicationPosition? {
    guard layout.files.indices.contains(end.file) else { return nil }
    return ReplicationPosition(history: layout.files[end.file].name, offset: end.offset)
  }

  private let point: AOFPoint
  private let knowsAllCommands: Bool
  private var isBeyondPoint = false
  /// How many time stamps are earlier than one before them.
  private var backwards = 0

  /// - Throws: `DrillError` where a file cannot be read, and for a command of which it is not known what it changes.
  ///
  /// - Parameter knowsAllCommands: whether what commands touch is of interest, and one that is not known an error.
  init(_ layout: AOFLayout, upTo point: AOFPoint = .end, knowsAllCommands: Bool = true) throws {
    self.layout = layout
    self.knowsAllCommands = knowsAllCommands
    self.point = point
    problems = layout.problems
    for index in layout.files.indices {
      guard problems.allSatisfy({ $0.kind == .unnamedPart }) else { return }
      if isBeyondPoint {
        laterBytes += layout.files[index].sizeBytes
      } else {
        try scan(index)
      }
    }
    if backwards > 0 {
      notes.append("the log's time stamps go back \(backwards) times: a clock was set, or files were exchanged")
    }
  }

  /// Where a log ends, for a server that may know commands that are not known here; nil where it is damaged.
  static func end(of layout: AOFLayout) throws -> End? {
    let scan = try AOFScan(layout, knowsAllCommands: false)
    return scan.problems.isEmpty ? scan.end : nil
  }

  private mutating func scan(_ index: Int) throws {
    let file = layout.files[index]
    do {
      let start = max(try scanSnapshot(file, index), file.start)
      guard problems.allSatisfy({ $0.kind == .unnamedPart }) else { return }
      end = End(file: index, offset: start)
      try scanCommands(file, index, from: start)
    } catch let damage as AOFDamage {
      problems.append(
        .init(.undecodable, offset: Int64(clamping: damage.offset), detail: damage.detail, part: file.name))
    }
  }

  /// Returns where the snapshot ends; 0 where there is none.
  private mutating func scanSnapshot(_ file: AOFLayout.File, _ index: Int) throws -> UInt64 {
    guard file.start == 0, AOFScan.beginsWithSnapshot(file) else { return 0 }
    guard file.mayHavePreamble else {
      throw AOFDamage(offset: 0, detail: "a snapshot begins an increment of the log")
    }
    let facts = try RDBReader().readPreamble(
      try FileByteSource(path: file.path), selection: .slots(SlotSet()), into: { _ in })
    snapshot = (facts, facts.bytesRead)
    problems += facts.problems.map { problem in
      var problem = problem
      problem.part = file.name
      return problem
    }
    if case .present(let stored, let computed) = facts.checksum, stored != computed {
      notes.append("\(file.name): the checksum of the snapshot at its beginning does not fit")
    }
    return facts.bytesRead
  }

  static func beginsWithSnapshot(_ file: AOFLayout.File) -> Bool {
    guard let source = try? FileByteSource(path: file.path) else { return false }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
    defer { buffer.deallocate() }
    var count = 0
    while count < 8, let got = try? source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...])),
      got > 0
    {
      count += got
    }
    return buffer[..<count].starts(with: "REDIS".utf8) || buffer[..<count].starts(with: "VALKEY".utf8)
  }

  private mutating func scanCommands(_ file: AOFLayout.File, _ index: Int, from start: UInt64) throws {
    let reader = try AOFCommandReader(path: file.path, from: start, sizeBytes: file.sizeBytes)
    // A server begins every file in database 0. Source: redis 7.0 src/aof.c `createAOFClient`.
    var database = file.database
    defer { self.database = database }
    /// Where an open transaction began.
    var transaction: UInt64?
    func isBeyond(_ offset: UInt64) -> Bool {
      if case .position(let name, let last) = point, name == file.name { return offset > last }
      return false
    }
    while true {
      switch try reader.next() {
      case .annotation(let stamp):
        guard let stamp else { continue }
        if isBeyond(reader.offset) {
          isBeyondPoint = true
          laterBytes += file.sizeBytes - (transaction ?? reader.start)
          return
        }
        if case .time(let last) = point, stamp > last {
          isBeyondPoint = true
          laterBytes += file.sizeBytes - (transaction ?? reader.start)
          return
        }
        if let time, stamp < time { backwards += 1 }
        time = max(time ?? stamp, stamp)
        if transaction == nil { end.offset = reader.offset }
      case .command:
        if isBeyond(reader.offset) {
          isBeyondPoint = true
          laterBytes += file.sizeBytes - (transaction ?? reader.start)
          return
        }
        switch reader.command.keyword(0) {
        case "MULTI": transaction = transaction ?? reader.start
        case "EXEC": transaction = nil
        case "SELECT": if let number = AOFCommandTable.database(reader.command, 1) { database = number }
        default: if knowsAllCommands { try take(reader.command, file, reader.start, database) }
        }
        commands += 1
        if transaction == nil { end.offset = reader.offset }
      case .end:
        if case .position(file.name, _) = point { isBeyondPoint = true }
        if transaction != nil { try cut(file, index, at: end.offset, "a transaction without its end") }
        return
      case .torn:
        do {
          if let place = try AOFTornTail.command(in: file, after: reader.start) {
            throw AOFDamage(
              offset: reader.start,
              detail: "a command claims more bytes than the file has, and another begins within it, at byte \(place)")
          }
        } catch is AOFTornTail.Untold {
          throw AOFDamage(
            offset: reader.start,
            detail: "a command claims more bytes than the file has, and others may begin within it")
        }
        try cut(file, index, at: end.offset, "part of a command")
        return
      }
    }
  }

  /// The last file may end in the middle of something, as a server's crash leaves it: a server that loads it cuts that
  /// off. In any other file a server takes it for damage. Source: redis 7.0 src/aof.c `loadAppendOnlyFiles`.
  private mutating func cut(_ file: AOFLayout.File, _ index: Int, at offset: UInt64, _ what: String) throws {
    guard index == layout.files.count - 1 else {
      throw AOFDamage(offset: offset, detail: "the file ends with \(what), and it is not the log's last")
    }
    tornBytes = file.sizeBytes - offset
    notes.append(
      "\(file.name) ends with \(what): its last \(tornBytes) bytes, from byte \(offset) on, are no whole command, and no"
        + " server keeps them")
  }

  private mutating func take(
    _ command: AOFCommand, _ file: AOFLayout.File, _ offset: UInt64, _ database: Int
  ) throws {
    guard let entry = AOFCommandTable.entry(command) else { throw unknown(command, file, offset) }
    switch command.keyword(0) {
    case "FLUSHALL": touched.emptyAll()
    case "FLUSHDB": touched.empty(database)
    case "SWAPDB":
      if let a = AOFCommandTable.database(command, 1), let b = AOFCommandTable.database(command, 2) {
        touched.swap(a, b)
      }
    default:
      guard let uses = entry.keys.uses(command) else {
        // A server answers a command that lacks words with an error.
        if entry.apply != nil { return }
        throw unknown(command, file, offset)
      }
      for use in uses { touched.touch(command[use.index], in: use.database ?? database) }
    }
  }

  private func unknown(_ command: AOFCommand, _ file: AOFLayout.File, _ offset: UInt64) -> DrillError {
    let name = command.keyword(0).filter { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_|".contains($0)) }
    return DrillError(
      .artifactUnreadable, subject: file.name,
      detail: "the command \(name.isEmpty ? "at its" : "\(name) at") byte \(offset) is not known here, so that what it"
        + " changed cannot be told; restore the log with a server that knows it, and take a snapshot")
  }
}
