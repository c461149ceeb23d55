import DrillModel
import GRDBSQLite

/// The bytes of a database file as they lie in it, read through SQLite's own file object.
///
/// Not through a descriptor of ours: POSIX drops all of a process's locks on a file when *any* of its descriptors of
/// that file is closed, those of a SQLite connection to it included. Source: https://www.sqlite.org/howtocorrupt.html,
/// section 2.2
struct DatabaseFile {
  private let file: UnsafeMutablePointer<sqlite3_file>
  private let methods: sqlite3_io_methods
  let sizeBytes: UInt64

  init(of connection: SQLiteConnection) throws {
    var file: UnsafeMutablePointer<sqlite3_file>?
    let code = sqlite3_file_control(connection.handle, "main", SQLITE_FCNTL_FILE_POINTER, &file)
    guard code == SQLITE_OK, let file, let methods = file.pointee.pMethods?.pointee else {
      throw SQLiteFailure(code == SQLITE_OK ? SQLITE_CANTOPEN : code, "open")
    }
    self.file = file
    self.methods = methods
    var size: sqlite3_int64 = 0
    let sized = methods.xFileSize(file, &size)
    guard sized == SQLITE_OK else { throw SQLiteFailure(sized, "size") }
    sizeBytes = UInt64(max(0, size))
  }

  /// How much of a file's beginning ``readThrough()`` returns at most.
  static let headCount = 4096

  /// Reads every byte once, so that none is unreadable, and returns the first ones.
  func readThrough() throws -> [UInt8] {
    var head: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var offset: UInt64 = 0
    while offset < sizeBytes {
      let size = Int(min(UInt64(buffer.count), sizeBytes - offset))
      let code = buffer.withUnsafeMutableBytes {
        methods.xRead(file, $0.baseAddress, Int32(size), sqlite3_int64(offset))
      }
      guard code == SQLITE_OK else { throw SQLiteFailure(code, "read") }
      if offset == 0 { head = Array(buffer.prefix(min(size, DatabaseFile.headCount))) }
      offset += UInt64(size)
    }
    return head
  }
}

/// The first hundred bytes of a database. Source: https://www.sqlite.org/fileformat2.html#the_database_header
struct DatabaseHeader {
  static let count = 100
  static let magic = Array("SQLite format 3\0".utf8)

  var pageSize: UInt64
  /// Pages as the header says; nil where what it says is out of date, which SQLite before 3.7.0 left behind.
  var pageCount: UInt64?
  var readVersion: UInt8
  var schemaFormat: UInt32
  /// The version number of the SQLite that wrote last.
  var writer: UInt32

  /// Nil where the bytes are no header of a database.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.count, bytes.starts(with: Self.magic) else { return nil }
    func word(_ offset: Int) -> UInt32 { bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) } }
    let size = UInt64(bytes[16]) << 8 | UInt64(bytes[17])
    pageSize = size == 1 ? 65536 : size
    guard (512...65536).contains(pageSize), pageSize.nonzeroBitCount == 1 else { return nil }
    pageCount = word(28) != 0 && word(24) == word(92) ? UInt64(word(28)) : nil
    readVersion = bytes[19]
    schemaFormat = word(44)
    writer = word(96)
  }

  /// `SQLite 3.40.1`; nil where no version is recorded.
  var writerName: String? {
    writer == 0 ? nil : "SQLite \(writer / 1_000_000).\(writer / 1000 % 1000).\(writer % 1000)"
  }
}
