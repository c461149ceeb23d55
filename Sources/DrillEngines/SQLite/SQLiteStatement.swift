package import DrillModel
import GRDBSQLite

/// A prepared statement: bound, stepped, its columns read in their stored type and never converted.
package final class SQLiteStatement {
  private var handle: OpaquePointer?
  private let connection: SQLiteConnection

  /// - Throws: ``SQLiteFailure``; `SQLITE_MISUSE` where `sql` holds no statement or more than one.
  init(_ connection: SQLiteConnection, _ sql: String) throws {
    self.connection = connection
    var sql = sql
    let (code, isSingle) = sql.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { text in
        var tail: UnsafePointer<CChar>?
        let code = sqlite3_prepare_v3(
          connection.handle, text.baseAddress, Int32(clamping: text.count), UInt32(SQLITE_PREPARE_PERSISTENT), &handle,
          &tail)
        guard let base = text.baseAddress, let tail else { return (code, true) }
        let rest = text[(tail - base)...]
        return (code, rest.allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 || $0 == 0x3B })
      }
    }
    guard code == SQLITE_OK else { throw SQLiteFailure(code, "prepare") }
    // All properties are set, so that `deinit` runs when this throws, and ends the statement.
    guard handle != nil, isSingle else { throw SQLiteFailure(SQLITE_MISUSE, "prepare") }
  }

  deinit { sqlite3_finalize(handle) }

  package var isReadOnly: Bool { sqlite3_stmt_readonly(handle) != 0 }
  package var columnCount: Int { Int(sqlite3_column_count(handle)) }
  package var parameterCount: Int { Int(sqlite3_bind_parameter_count(handle)) }

  /// Moves to the next row; false at the end.
  @inline(__always)
  package func step() throws -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw SQLiteFailure(code, "read")
    }
  }

  /// Steps once and goes back to the start: for statements that change rows.
  package func run() throws {
    defer { reset() }
    _ = try step()
  }

  package func reset() {
    sqlite3_reset(handle)
    sqlite3_clear_bindings(handle)
  }

  // MARK: Parameters, counted from 1

  /// How a database stores its texts, by the names of `PRAGMA encoding`.
  package enum TextEncoding: String {
    case utf8 = "UTF-8"
    case utf16LittleEndian = "UTF-16le"
    case utf16BigEndian = "UTF-16be"

    fileprivate var code: UInt8 {
      switch self {
      case .utf8: UInt8(SQLITE_UTF8)
      case .utf16LittleEndian: UInt8(SQLITE_UTF16LE)
      case .utf16BigEndian: UInt8(SQLITE_UTF16BE)
      }
    }
  }

  package func bind(_ index: Int, _ value: Int64) throws { try check(sqlite3_bind_int64(handle, Int32(index), value)) }
  package func bind(_ index: Int, _ value: Double) throws {
    try check(sqlite3_bind_double(handle, Int32(index), value))
  }
  package func bindNull(_ index: Int) throws { try check(sqlite3_bind_null(handle, Int32(index))) }

  package func bind(_ index: Int, text: some Collection<UInt8>, _ encoding: TextEncoding = .utf8) throws {
    try Array(text).withUnsafeBytes { bytes in
      let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
      try withNonNull(start) {
        try check(sqlite3_bind_text64(handle, Int32(index), $0, UInt64(bytes.count), Self.copied, encoding.code))
      }
    }
  }

  package func bind(_ index: Int, blob: some Collection<UInt8>) throws {
    if blob.isEmpty { return try check(sqlite3_bind_zeroblob(handle, Int32(index), 0)) }
    try Array(blob).withUnsafeBytes { bytes in
      try check(sqlite3_bind_blob64(handle, Int32(index), bytes.baseAddress, UInt64(bytes.count), Self.copied))
    }
  }

  package func bind(_ index: Int, _ scalar: Scalar) throws {
    switch scalar {
    case .null: try bindNull(index)
    case .integer(let value): try bind(index, value)
    case .real(let value): try bind(index, value)
    case .text(let value): try bind(index, text: value.utf8)
    case .blob(let value): try bind(index, blob: value)
    }
  }

  /// Binds a value as another statement's row has it, in its type and encoding.
  func bind(_ index: Int, valueOf row: SQLiteStatement, column: Int) throws {
    try check(sqlite3_bind_value(handle, Int32(index), sqlite3_column_value(row.handle, Int32(column))))
  }

  private func check(_ code: Int32) throws {
    guard code == SQLITE_OK else { throw SQLiteFailure(code, "bind") }
  }

  /// An empty text must not be bound through a null pointer, which SQLite takes for NULL.
  private func withNonNull(_ start: UnsafePointer<CChar>?, _ body: (UnsafePointer<CChar>) throws -> Void) rethrows {
    if let start { return try body(start) }
    try withUnsafePointer(to: CChar(0)) { try body($0) }
  }

  /// `SQLITE_TRANSIENT`: SQLite copies what it is handed. Source: https://www.sqlite.org/c3ref/c_static.html
  private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

  // MARK: Columns, counted from 0

  /// The stored type of the value, one of `SQLITE_INTEGER`, `_FLOAT`, `_TEXT`, `_BLOB`, `_NULL`.
  @inline(__always)
  package func type(_ column: Int) -> Int32 { sqlite3_column_type(handle, Int32(column)) }

  @inline(__always)
  package func integer(_ column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(column)) }

  @inline(__always)
  package func real(_ column: Int) -> Double { sqlite3_column_double(handle, Int32(column)) }

  /// The bytes of a text or blob as they are stored, in the database's own text encoding; valid until the next step.
  @inline(__always)
  package func bytes(_ column: Int) -> UnsafeRawBufferPointer {
    // As a blob first: asked for as text, a UTF-16 value would be converted.
    let start = sqlite3_column_blob(handle, Int32(column))
    return UnsafeRawBufferPointer(
      start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(handle, Int32(column))))
  }

  /// A text from SQLite's own tables, where it is known to be text in UTF-8 or convertible.
  package func string(_ column: Int) -> String {
    guard let text = sqlite3_column_text(handle, Int32(column)) else { return "" }
    return String(
      decoding: UnsafeRawBufferPointer(start: text, count: Int(sqlite3_column_bytes(handle, Int32(column)))),
      as: UTF8.self)
  }
}
