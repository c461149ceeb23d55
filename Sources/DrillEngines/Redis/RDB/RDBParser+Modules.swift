internal import DrillModel

/// Values of modules, which say how they are put together but not what they mean.
///
/// Source: redis 7.0 src/rdb.c `rdbLoadCheckModuleValue`, src/server.h `RDB_MODULE_OPCODE_…`.
extension RDBParser {
  enum ModulePart {
    case integer(Int64)
    case real(Double)
    /// Comes next in the source.
    case string
  }

  func readModule() throws {
    let type = ModuleType(id: try length())
    try records.blob(Array(type.name.utf8))
    try records.integer(type.encodingVersion)
    try readModuleParts { part in
      switch part {
      case .integer(let value): try records.integer(value)
      case .real(let value): try records.real(value)
      case .string: try readBlob()
      }
    }
  }

  /// Takes a module's parts up to their end mark. Where `take` leaves a string, it is passed over.
  func readModuleParts(_ take: (ModulePart) throws -> Void) throws {
    while true {
      switch try length() {
      case 0: return
      case 1, 2: try take(.integer(Int64(bitPattern: try length())))
      case 3: try take(.real(Double(Float(bitPattern: try source.littleEndian(UInt32.self)))))
      case 4: try take(.real(try source.littleEndian(UInt64.self).asDouble))
      case 5: try take(.string)
      case let part: throw RDBDamage("a module value with a part of unknown kind \(part)")
      }
    }
  }
}

/// A module's type as its 64-bit id says: nine characters of six bits, then ten bits of encoding version. Source: redis
/// 7.0 src/module.c `moduleTypeNameByID`.
struct ModuleType {
  let name: String
  let encodingVersion: Int64

  init(id: UInt64) {
    let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    name = String(decoding: (0..<9).map { characters[Int(id >> UInt64(58 - 6 * $0)) & 63] }, as: UTF8.self)
    encodingVersion = Int64(id & 1023)
  }
}
