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
    let id = try length()
    moduleValues[id, default: 0] += 1
    let type = ModuleType(id: id)
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
