/// The formats that are read, and the bytes that tell what follows in them.
///
/// One byte means different things in different families and versions (type 22, opcode 243), so what is below holds for
/// ``versions`` of Redis alone.
enum RDBFormat {
  /// Redis 2.4 to 7.0. Within them no byte changed its meaning; they only grew. Source: redis 7.0 src/rdb.h and its
  /// history.
  static let versions = 3...10
  /// The first version with a checksum after the end. Source: redis 7.0 src/rdb.c `rdbLoadRioWithLoadingCtx`.
  static let firstVersionWithChecksum = 5

  /// Source: redis 7.0 src/rdb.h, `RDB_OPCODE_…`.
  enum Opcode: UInt8 {
    case function2 = 245
    case moduleAux = 247
    case idle = 248
    case frequency = 249
    case aux = 250
    case resizeDatabase = 251
    case expiryMilliseconds = 252
    case expirySeconds = 253
    case selectDatabase = 254
    case end = 255
  }

  /// Types of values. Left out are those of Redis before 7.0 that are built on ziplists and zipmaps, and modules'
  /// values before 4.0's final form.
  /// Source: redis 7.0 src/rdb.h, `RDB_TYPE_…`.
  enum ValueType: UInt8 {
    case string = 0
    case list = 1
    case set = 2
    case sortedSetText = 3
    case hash = 4
    case sortedSetBinary = 5
    case module2 = 7
    case setIntset = 11
    case streamListpacks = 15
    case hashListpack = 16
    case sortedSetListpack = 17
    case listQuicklist2 = 18
    case streamListpacks2 = 19
  }

  /// Names of the types that Redis before 7.0 wrote and that are not read, for those who find one. Source: redis 7.0
  /// src/rdb.h.
  static func nameOfOldType(_ number: UInt8) -> String? {
    switch number {
    case 6: "module value of a pre-release"
    case 9: "hash as zipmap"
    case 10: "list as ziplist"
    case 12: "sorted set as ziplist"
    case 13: "hash as ziplist"
    case 14: "list as quicklist of ziplists"
    default: nil
    }
  }
}
