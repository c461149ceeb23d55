internal import DrillCrypto
internal import DrillModel
internal import Foundation

/// Plants seeded damage in copies of artifacts and proves that it is there: a check that is tested with damage that
/// never happened proves nothing.
public enum FaultInjector {
  private static let block = 4096

  /// Damages a file in place. Give it a copy: it refuses links, and files that have a second name, since that name
  /// could be the original's.
  ///
  /// - Parameters:
  ///   - other: the file to swap with; used by ``ArtifactFault/swap`` alone, and damaged like the first.
  ///   - range: offsets among which one is drawn, ends included, from the file's end where negative; nil: anywhere.
  ///     Used by ``ArtifactFault/flipByte``, ``ArtifactFault/duplicateSlice`` (where the slice begins),
  ///     ``ArtifactFault/truncate`` (where the file then ends) and ``ArtifactFault/zeroBlock`` (whose block then is the
  ///     range).
  ///   - seed: decides where and how. One seed gives the same damage to the same file.
  /// - Throws: `io` where the file cannot be damaged, or where the damage changed nothing (an empty file, a block
  ///   that was zero before, two equal files).
  public static func plant(
    _ fault: ArtifactFault, in path: String, with other: String? = nil, within range: (Int64, Int64)? = nil,
    seed: UInt64
  ) throws -> PlantedFault {
    var random = SeededBits(seed)
    let before = try digest(path)
    var planted = PlantedFault(fault: fault, seed: seed, offset: nil, count: nil, before: before, after: nil)
    switch fault {
    case .remove:
      guard unlink(path) == 0, access(path, F_OK) != 0 else { throw failure(path, "cannot be removed") }
      return planted
    case .swap:
      guard let other else { throw failure(path, "swapping needs a second file") }
      let otherBefore = try digest(other)
      try swap(path, other)
      guard try digest(other) == before, before != otherBefore else { throw failure(path, "swapping changed nothing") }
    case .flipByte, .truncate, .append, .zeroBlock, .duplicateSlice:
      (planted.offset, planted.count) = try edit(fault, path, range, &random)
    }
    let after = try digest(path)
    guard after != before else { throw failure(path, "the damage changed nothing") }
    planted.after = after
    return planted
  }

  private static func edit(
    _ fault: ArtifactFault, _ path: String, _ range: (Int64, Int64)?, _ random: inout SeededBits
  ) throws -> (UInt64, UInt64) {
    let file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { throw failure(path, "cannot be opened for writing") }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw failure(path, "cannot be looked at") }
    let size = UInt64(status.st_size)
    guard size > 0 || fault == .append else { throw failure(path, "is empty, so that there is nothing to damage") }
    let bounds = try range.map { try offsets($0, of: size, path) }
    func drawn() -> UInt64 {
      guard let bounds else { return random.below(size) }
      return bounds.lowerBound + random.below(UInt64(bounds.count))
    }
    switch fault {
    case .truncate:
      let kept = drawn()
      guard ftruncate(file, off_t(kept)) == 0 else { throw failure(path, "cannot be truncated") }
      return (kept, size - kept)
    case .append:
      let added = (0...random.below(64)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      try write(added, at: size, file, path)
      return (size, UInt64(added.count))
    case .duplicateSlice:
      let start = drawn()
      let count = min(UInt64(block), size - start)
      try insert(read(Int(count), at: start, file, path), at: start, of: size, file, path)
      return (start, count)
    case .flipByte:
      let offset = drawn()
      let old = try read(1, at: offset, file, path)
      try write([old[0] ^ UInt8(1 + random.below(255))], at: offset, file, path)
      return (offset, 1)
    case .zeroBlock:
      if let bounds {
        try write([UInt8](repeating: 0, count: bounds.count), at: bounds.lowerBound, file, path)
        return (bounds.lowerBound, UInt64(bounds.count))
      }
      // Blocks that are zero already are passed over, at most a thousand.
      for _ in 0..<1000 {
        let start = random.below((size + UInt64(block) - 1) / UInt64(block)) * UInt64(block)
        let count = min(UInt64(block), size - start)
        guard try read(Int(count), at: start, file, path).contains(where: { $0 != 0 }) else { continue }
        try write([UInt8](repeating: 0, count: Int(count)), at: start, file, path)
        return (start, count)
      }
      throw failure(path, "holds nothing but zeros")
    case .swap, .remove: preconditionFailure("not an edit")
    }
  }

  /// Moves what follows out of the way first, its end before its beginning.
  private static func insert(
    _ bytes: [UInt8], at start: UInt64, of size: UInt64, _ file: Int32, _ path: String
  ) throws {
    var end = size
    while end > start {
      let count = min(end - start, 1 << 20)
      end -= count
      try write(read(Int(count), at: end, file, path), at: end + UInt64(bytes.count), file, path)
    }
    try write(bytes, at: start, file, path)
  }

  private static func offsets(_ range: (Int64, Int64), of size: UInt64, _ path: String) throws -> ClosedRange<UInt64> {
    let (from, to) = range.0 < 0 ? (Int64(size) + range.0, Int64(size) + range.1) : range
    guard from >= 0, from <= to, to < Int64(size) else { throw failure(path, "has \(size) bytes, and not that place") }
    return UInt64(from)...UInt64(to)
  }

  private static func swap(_ first: String, _ second: String) throws {
    let aside = first + ".swap"
    guard access(aside, F_OK) != 0, rename(first, aside) == 0, rename(second, first) == 0, rename(aside, second) == 0
    else {
      throw failure(first, "cannot be swapped")
    }
  }

  private static func read(_ count: Int, at offset: UInt64, _ file: Int32, _ path: String) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    guard pread(file, &bytes, count, off_t(offset)) == count else { throw failure(path, "cannot be read") }
    return bytes
  }

  private static func write(_ bytes: [UInt8], at offset: UInt64, _ file: Int32, _ path: String) throws {
    guard pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count else {
      throw failure(path, "cannot be written")
    }
  }

  private static func digest(_ path: String) throws -> Digest {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw failure(path, "is not a plain file")
    }
    guard status.st_nlink == 1 else { throw failure(path, "has a second name; damage a copy, not a link") }
    switch ArtifactHasher(threads: 1).hash([path: path])[path] {
    case .read(_, let digest): return digest
    case .failed(let error): throw error
    case .missing, .notRegular, nil: throw failure(path, "cannot be hashed")
    }
  }

  private static func failure(_ path: String, _ detail: String) -> DrillError {
    DrillError(
      .io, subject: path.split(separator: "/").last.map(String.init) ?? path,
      detail: "no fault was planted: the file \(detail)")
  }
}

/// The bits of a seed. Source: Vigna, "splitmix64.c", 2015.
private struct SeededBits {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number below `limit`, which is above 0.
  mutating func below(_ limit: UInt64) -> UInt64 { limit.multipliedFullWidth(by: next()).high }
}
