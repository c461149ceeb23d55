/// The formats that are read, and the bytes that tell what follows in them.
///
/// One byte means different things in different families (type 22, opcode 243), so it is never looked at without the
/// family of the file. Within the versions of a family that are read here, no byte changed its meaning; they only grew.
enum RDBFormat {
  enum Family: String, CaseIterable {
    case redis = "REDIS"
    case valkey = "VALKEY"

    /// Redis 2.4 to 8.x, and Valkey 7.2 and 8.x, which write Redis' format 11; Valkey 9.0. Source: src/rdb.h
    /// `RDB_VERSION` of redis and valkey; valkey src/rdb.c: 12 to 79 are kept free, and what comes after says VALKEY.
    var versions: ClosedRange<Int> {
      switch self {
      case .redis: 2...12
      case .valkey: 80...80
      }
    }

    static var known: String {
      allCases.map { family in
        let (first, last) = (family.versions.lowerBound, family.versions.upperBound)
        return "\(family.rawValue) \(first)" + (first == last ? "" : " to \(last)")
      }.joined(separator: " and ")
    }
  }

  /// The first version with a checksum after the end. Source: redis 7.0 src/rdb.c `rdbLoadRioWithLoadingCtx`.
  static let firstVersionWithChecksum = 5

  /// Source: redis 7.4 src/rdb.h, `RDB_OPCODE_…`.
  enum Opcode: UInt8 {
    /// Valkey's alone: in Redis' formats after 12 the byte means something else. Source: valkey 9.0 src/rdb.h.
    case slotImport = 243
    case slotInfo = 244
    case function2 = 245
    case functionOfPreRelease = 246
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

  /// The lowest byte that is an opcode and no type. Source: redis 7.4 src/rdb.h, `rdbIsObjectType`.
  static let firstOpcode: UInt8 = 240

  /// A module's value in its final form. Source: redis 7.4 src/rdb.h, `RDB_TYPE_MODULE_2`.
  static let module2: UInt8 = 7

  /// How a value is laid out.
  enum ValueType {
    case string, list, set, sortedSetText, hash, sortedSetBinary, module2
    case hashZipmap, listZiplist, setIntset, sortedSetZiplist, hashZiplist, listQuicklist
    case streamListpacks, hashListpack, sortedSetListpack, listQuicklist2, streamListpacks2
    case setListpack, streamListpacks3
    /// Fields with times of expiry; of Redis 7.4, and as its release candidates wrote them.
    case hashExpiring, hashExpiringListpack, hashExpiringOfPreRelease, hashExpiringListpackOfPreRelease
    /// Fields with times of expiry, of Valkey 9.0.
    case hashExpiringValkey

    /// Nil for a type that is not known in this family, and for modules' values before 4.0's final form, which do not
    /// say how they are put together. Source: redis 7.4 src/rdb.h, `RDB_TYPE_…`; valkey 9.0 src/rdb.h,
    /// `RDB_TYPE_HASH_2`.
    init?(_ byte: UInt8, in family: Family) {
      switch (byte, family) {
      case (0, _): self = .string
      case (1, _): self = .list
      case (2, _): self = .set
      case (3, _): self = .sortedSetText
      case (4, _): self = .hash
      case (5, _): self = .sortedSetBinary
      case (RDBFormat.module2, _): self = .module2
      case (9, _): self = .hashZipmap
      case (10, _): self = .listZiplist
      case (11, _): self = .setIntset
      case (12, _): self = .sortedSetZiplist
      case (13, _): self = .hashZiplist
      case (14, _): self = .listQuicklist
      case (15, _): self = .streamListpacks
      case (16, _): self = .hashListpack
      case (17, _): self = .sortedSetListpack
      case (18, _): self = .listQuicklist2
      case (19, _): self = .streamListpacks2
      case (20, _): self = .setListpack
      case (21, _): self = .streamListpacks3
      case (22, .redis): self = .hashExpiringOfPreRelease
      case (23, .redis): self = .hashExpiringListpackOfPreRelease
      case (24, .redis): self = .hashExpiring
      case (25, .redis): self = .hashExpiringListpack
      case (22, .valkey): self = .hashExpiringValkey
      default: return nil
      }
    }
  }
}
