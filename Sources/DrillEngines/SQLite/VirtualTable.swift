import DrillModel

/// A virtual table by what its declaration says.
struct VirtualTable: Hashable {
  var name: String
  /// In lower case.
  var module: String
  /// What the rows that its module shows are worth.
  var contents: Contents
  /// The hidden column in which an FTS4 table keeps the language of a row. Source: https://www.sqlite.org/fts3.html, section 6.4
  var languageColumn: String?

  enum Contents: Hashable {
    /// Its own: they are read through the module, and what they are stored in is checked and not compared, since the same
    /// contents have many forms there.
    case own
    /// Those of another table, or none: only what the index is stored in says what it holds, and that is compared.
    case elsewhere
    /// Worked out from another table or from the file itself: nothing to compare.
    case derived
    /// Of a module that this program does not know.
    case unknown
  }

  /// Nil where the text declares no virtual table.
  init?(name: String, sql: String) {
    let words = SQLWords.words(of: sql)
    // As SQLite stores it: CREATE VIRTUAL TABLE name USING module(…). Source: sqlite src/vtab.c, sqlite3VtabFinishParse
    guard let using = words.dropFirst(4).firstIndex(where: { $0.isPlain("using") }), words.count > using + 1 else {
      return nil
    }
    self.name = name
    module = words[using + 1].text.lowercased()
    let arguments = Array(words[(using + 2)...])
    contents = Self.contents(module, arguments)
    if module == "fts4" {
      languageColumn = arguments.indices.dropLast(2).first {
        arguments[$0].isPlain("languageid") && arguments[$0 + 1].text == "="
      }.map { arguments[$0 + 2].text }
    }
  }

  var isFullText: Bool { ["fts3", "fts4", "fts5"].contains(module) }
  /// Whether `rtreecheck` knows it. Source: https://www.sqlite.org/rtree.html, section 6
  var isRTree: Bool { module == "rtree" || module == "rtree_i32" }

  private static func contents(_ module: String, _ arguments: [SQLWords.Word]) -> Contents {
    switch module {
    // Source: https://www.sqlite.org/fts5.html, section 4.4; https://www.sqlite.org/fts3.html, section 6.2
    case "fts5", "fts4":
      let isElsewhere = arguments.indices.dropLast().contains {
        arguments[$0].isPlain("content") && arguments[$0 + 1].text == "=" && !arguments[$0 + 1].isQuoted
      }
      return isElsewhere ? .elsewhere : .own
    case "fts3", "rtree", "rtree_i32": return .own
    // Source: https://www.sqlite.org/fts5.html, section 8; fts3.html, section 7; dbstat.html
    case "fts5vocab", "fts4aux", "fts3tokenize", "dbstat": return .derived
    default: return .unknown
    }
  }
}

/// The words of an SQL text: enough to tell what a declaration says, no more.
enum SQLWords {
  struct Word: Hashable {
    var text: String
    var isQuoted: Bool

    func isPlain(_ word: String) -> Bool { !isQuoted && text.lowercased() == word }
  }

  /// Names, quoted names without their quotes, and other signs one by one; without spaces and comments.
  ///
  /// Source: https://www.sqlite.org/lang_keywords.html for the quotes, https://www.sqlite.org/lang_comment.html
  static func words(of sql: String) -> [Word] {
    let bytes = Array(sql.utf8)
    var words: [Word] = []
    var index = 0
    func isName(_ byte: UInt8) -> Bool {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x24, 0x80...0xFF: true
      default: false
      }
    }
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0C, 0x0D: index += 1
      case UInt8(ascii: "-") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "-"):
        while index < bytes.count, bytes[index] != 0x0A { index += 1 }
      case UInt8(ascii: "/") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "*"):
        index += 2
        while index < bytes.count, !(bytes[index] == UInt8(ascii: "/") && bytes[index - 1] == UInt8(ascii: "*")) {
          index += 1
        }
        index += 1
      case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: "["):
        let end = byte == UInt8(ascii: "[") ? UInt8(ascii: "]") : byte
        var text: [UInt8] = []
        index += 1
        while index < bytes.count {
          if bytes[index] == end {
            guard end != UInt8(ascii: "]"), index + 1 < bytes.count, bytes[index + 1] == end else { break }
            index += 1
          }
          text.append(bytes[index])
          index += 1
        }
        index += 1
        words.append(Word(text: String(decoding: text, as: UTF8.self), isQuoted: true))
      case _ where isName(byte):
        let start = index
        while index < bytes.count, isName(bytes[index]) { index += 1 }
        words.append(Word(text: String(decoding: bytes[start..<index], as: UTF8.self), isQuoted: false))
      default:
        words.append(Word(text: String(Unicode.Scalar(byte)), isQuoted: false))
        index += 1
      }
    }
    return words
  }
}
