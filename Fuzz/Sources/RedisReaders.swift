internal import DrillModel

@testable import DrillEngines

/// What a Redis or Valkey server wrote, or says.
enum RedisReaders {
  private struct Portions: ByteSource {
    var rest: ArraySlice<UInt8>
    var size: Int
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
      let count = min(size, buffer.count, rest.count)
      buffer.copyBytes(from: rest.prefix(count))
      rest = rest.dropFirst(count)
      return count
    }
  }

  static func snapshot(_ bytes: [UInt8]) {
    let whole = facts(bytes, portion: .max)
    let inPortions = facts(bytes, portion: 7)
    promise(whole == inPortions, "a snapshot in portions says what it says at once:\n\(whole)\n\(inPortions)")
    promise(whole.bytesRead <= UInt64(bytes.count), "no more is read than is there")
    payload(bytes)
  }

  /// What is behind a snapshot's head as the payload of `RESTORE`, with a checksum that fits.
  private static func payload(_ bytes: [UInt8]) {
    var payload = Array(bytes.dropFirst(9)) + [10, 0]
    var sum = CRC64()
    payload.withUnsafeBytes { sum.update($0) }
    withUnsafeBytes(of: sum.value.littleEndian) { payload += $0 }
    _ = try? RestoredPayload.value(payload)
    _ = try? RestoredPayload.libraries(payload)
  }

  private static func facts(_ bytes: [UInt8], portion: Int) -> ReadFacts {
    do {
      return try RDBReader().read(Portions(rest: bytes[...], size: portion), selection: .all) { batch in check(batch) }
    } catch {
      fatalError("promised: nothing is thrown for what the bytes say")
    }
  }

  /// Every piece lies within its batch.
  private static func check(_ batch: RecordBatch) {
    for piece in batch.pieces {
      promise(
        Int(piece.keyOffset) + Int(piece.keyCount) <= batch.bytes.count
          && Int(piece.bodyOffset) + Int(piece.bodyCount) <= batch.bytes.count
          && Int(piece.elementIndex) + Int(piece.elementCount) <= batch.elements.count, "a piece lies in its batch")
    }
  }

  private static let log = ScratchFile("appendonly.aof")
  private static let recorded = ScratchFile("stream.aof")

  static func log(_ bytes: [UInt8]) {
    log.hold(bytes)
    let artifact = ArtifactFile(shard: "s", format: AOFFormat.file, path: log.path)
    do {
      let facts = try AOFReader(makes: 32 << 20).read(artifact, selection: .all) { check($0) }
      promise(facts.bytesRead == UInt64(bytes.count), "a log is looked at whole")
    } catch {
      promise(error is DrillError, "an error is one of ours, not \(error)")
    }
    _ = try? AOFHead.beginsWithCommand(log.path)
    _ = try? AOFHead.lastTime(log.path, sizeBytes: UInt64(bytes.count))
    _ = try? RedisEngine().foreignArtifact(at: log.path)
  }

  /// The sums in its annotations, which would stop every change, are ours.
  static func stream(_ bytes: [UInt8]) {
    var bytes = bytes
    var sum = CRC64()
    var summed = 0
    for end in bytes.indices where bytes[end] == 0x0A {
      let start = (bytes[..<end].lastIndex(of: 0x0A) ?? -1) + 1
      let text = end > start && bytes[end - 1] == 0x0D ? end - 1 : end
      guard text - start > 24, bytes[start...].starts(with: StreamAnnotation.mark),
        bytes[..<(text - 16)].suffix(4).elementsEqual("sum=".utf8)
      else { continue }
      bytes[summed..<text - 16].withUnsafeBytes { sum.update($0) }
      summed = text - 16
      let digits = String(sum.value, radix: 16)
      bytes.replaceSubrange(
        text - 16..<text, with: (String(repeating: "0", count: 16 - digits.count) + digits).utf8)
    }
    recorded.hold(bytes)
    for point in [StreamScan.Point.end, .second(1_700_000_000)] {
      _ = try? StreamScan(path: recorded.path, upTo: point)
    }
    guard let reader = try? StreamReader(path: recorded.path) else { return }
    reading: while true {
      switch try? reader.next() {
      case nil, .end: break reading
      case .command: _ = WriteEffect(reader.command)
      default: continue
      }
    }
  }

  private struct Replies: Equatable {
    var values: [RESPValue]
    var isBroken: Bool
  }

  /// The first byte says in which portions the others arrive.
  static func replies(_ bytes: [UInt8]) {
    let portion = Int(bytes.first ?? 0) % 31 + 1
    let rest = Array(bytes.dropFirst())
    let limits = RESPLimits(replyBytes: 1 << 20, depth: 16, lineBytes: 1 << 12)
    for isStream in [false, true] {
      let whole = replies(rest, portion: rest.count, limits, isStream)
      promise(
        whole == replies(rest, portion: portion, limits, isStream), "replies in portions are those that come at once")
    }
    var extent = RESPExtent(limits: limits)
    rest.withUnsafeBytes { all in
      for end in stride(from: 0, through: all.count, by: portion) {
        guard let length = try? extent.advance(UnsafeRawBufferPointer(rebasing: all[..<end])) else { continue }
        promise(length <= end, "a reply ends where its bytes end")
        return
      }
    }
  }

  private static func replies(
    _ bytes: [UInt8], portion: Int, _ limits: RESPLimits, _ isStream: Bool
  ) -> Replies {
    var parser = RESPParser(limits: limits, skipsLineBreaks: isStream)
    var values: [RESPValue] = []
    var (start, end) = (0, 0)
    while end < bytes.count {
      end = min(bytes.count, end + max(1, portion))
      do {
        start += try bytes[start..<end].withUnsafeBytes { try parser.feed($0) { values.append($0) } }
      } catch {
        return Replies(values: values, isBroken: true)
      }
    }
    return Replies(values: values, isBroken: false)
  }
}
