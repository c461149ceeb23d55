internal import Foundation

/// A snapshot's family and format number, as its first nine bytes say.
struct RDBVersion: Hashable, Sendable, CustomStringConvertible {
  var family: RDBFormat.Family
  var number: Int

  var description: String { "\(family.rawValue) \(number)" }

  init(family: RDBFormat.Family, number: Int) {
    self.family = family
    self.number = number
  }

  /// Nil where the bytes do not start as a snapshot does.
  init?(magic: some Collection<UInt8>) {
    let known = RDBFormat.Family.allCases.first { magic.starts(with: $0.rawValue.utf8) }
    let digits = magic.prefix(9).dropFirst(known?.rawValue.utf8.count ?? 0)
    guard let known, magic.count >= 9, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    self.init(family: known, number: digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })
  }

  /// Of a file; nil where it does not start as a snapshot does, or cannot be read: then whoever loads it will say why.
  init?(ofFile path: String) {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? file.close() }
    guard let bytes = try? file.read(upToCount: 9) else { return nil }
    self.init(magic: bytes)
  }
}
