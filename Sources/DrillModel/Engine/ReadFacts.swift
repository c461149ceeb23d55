/// What a reader saw beside the records: facts, judged elsewhere.
public struct ReadFacts: Hashable, Sendable, Codable {
  public var bytesRead: UInt64
  public var records: UInt64
  /// Records that hold a value which this reader cannot see into or cannot read at all (module values through a server).
  public var opaqueRecords: UInt64
  /// Format version (RDB: 10); nil where the format has none.
  public var formatVersion: Int?
  /// The version of the program that wrote it, as it says itself.
  public var writer: String?
  public var checksum: Checksum
  /// Bytes that the checksum covers; nil: all of them.
  public var checksumBytes: UInt64?
  /// Bytes after the format's own end.
  public var bytesAfterEnd: UInt64
  public var problems: [Problem]
  /// Bytes that were read and that the records do not come from, by why.
  public var leftOutBytes: [SkipReason: UInt64] = [:]
  /// Records that may be there, and of which the reader cannot tell what they hold: it hands on none of them.
  public var leftOutRecords: [RecordName] = []
  /// What a reader has to say of itself: `rowids were compared: table t has no primary key`.
  public var notes: [String]
  /// What is there and could not be looked at, though nothing is wrong with it.
  public var unseen: [Unseen]

  public init(
    bytesRead: UInt64 = 0, records: UInt64 = 0, opaqueRecords: UInt64 = 0, formatVersion: Int? = nil,
    writer: String? = nil,
    checksum: Checksum = .absent, bytesAfterEnd: UInt64 = 0, problems: [Problem] = [], notes: [String] = [],
    unseen: [Unseen] = []
  ) {
    self.bytesRead = bytesRead
    self.records = records
    self.opaqueRecords = opaqueRecords
    self.formatVersion = formatVersion
    self.writer = writer
    self.checksum = checksum
    self.bytesAfterEnd = bytesAfterEnd
    self.problems = problems
    self.notes = notes
    self.unseen = unseen
  }

  /// A part of a store that this program has nothing to look at it with: a table of a module, a column of a function.
  public struct Unseen: Hashable, Sendable, Codable {
    /// `virtual table places`: as the store names it.
    public var name: String
    /// Records that it hides, at least; 0 where only a check could not be made.
    public var records: UInt64
    /// What is lacking, without any value of the data store.
    public var detail: String

    public init(_ name: String, records: UInt64, detail: String) {
      self.name = name
      self.records = records
      self.detail = detail
    }
  }

  /// The format's own checksum.
  public enum Checksum: Hashable, Sendable, Codable {
    /// The format has none, or reading did not get that far.
    case absent
    /// The file says that it was not computed (RDB: all zero).
    case disabled
    /// What is stored and what was computed over the bytes, in hexadecimal.
    case present(stored: String, computed: String)
  }

  /// A record by its key.
  public struct RecordName: Hashable, Sendable, Codable {
    public var namespace: String
    public var key: [UInt8]

    public init(namespace: String, key: [UInt8]) {
      self.namespace = namespace
      self.key = key
    }
  }

  public struct Problem: Hashable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable {
      /// Bytes that do not decode; nothing after them was read.
      case undecodable
      /// A format version that this reader does not know.
      case unsupportedVersion = "unsupported-version"
      /// The database's own integrity check complains.
      case databaseCorrupt = "database-corrupt"
      case foreignKey = "foreign-key"
      /// A file of the artifact that another one names, and that is not there.
      case missingPart = "missing-part"
      /// A file of the artifact that none of the others names.
      case unnamedPart = "unnamed-part"
      /// A change of an increment that does not fit what it is made on.
      case conflict
    }
    public var kind: Kind
    public var offset: Int64?
    /// What was found, without any value of the data store.
    public var detail: String
    /// Of an artifact of several files, the name of the one that it is about, without folders.
    public var part: String?

    public init(_ kind: Kind, offset: Int64? = nil, detail: String, part: String? = nil) {
      self.kind = kind
      self.offset = offset
      self.detail = detail
      self.part = part
    }
  }
}
