/// The text that says which files make up an append-only log, and in which order a server loads them.
///
/// A line names a file, its sequence number and its type: `file appendonly.aof.2.incr.aof seq 2 type i`. Types are `b`
/// for the base, of which there is at most one, `i` for increments, whose numbers ascend, and `h` for history, which
/// no server loads. Unknown pairs of words are passed over. Source: redis 7.0 src/aof.c `aofLoadManifestFromFile`.
struct AOFManifest: Hashable, Sendable {
  enum Kind: Hashable, Sendable { case base, increment, history }

  struct Entry: Hashable, Sendable {
    var name: String
    var sequence: Int64
    var kind: Kind
  }

  /// What a server would refuse to load.
  struct Refusal: Error { var detail: String }

  var entries: [Entry] = []

  /// What a server loads, in its order: the base, then the increments.
  var loaded: [Entry] { entries.filter { $0.kind == .base } + entries.filter { $0.kind == .increment } }

  init(parsing bytes: [UInt8]) throws {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard let rest = lines.popLast(), !bytes.isEmpty else { throw Refusal(detail: "the manifest is empty") }
    guard rest.isEmpty else { throw Refusal(detail: "the manifest's last line does not end") }
    for (index, line) in lines.enumerated() where line.first != UInt8(ascii: "#") {
      do {
        try add(line)
      } catch let refusal as Refusal {
        throw Refusal(detail: "line \(index + 1) of the manifest \(refusal.detail)")
      }
    }
  }

  private mutating func add(_ line: ArraySlice<UInt8>) throws {
    // Source: redis 7.0 src/aof.c, MANIFEST_MAX_LINE.
    guard line.count < 1024 else { throw Refusal(detail: "is too long") }
    guard let words = AOFManifest.words(line), words.count >= 6, words.count.isMultiple(of: 2) else {
      throw Refusal(detail: "is not made of pairs of words")
    }
    var name: String?
    var sequence: Int64?
    var type: UInt8?
    for pair in stride(from: 0, to: words.count, by: 2) {
      switch String(decoding: words[pair], as: UTF8.self).lowercased() {
      case "file": name = String(decoding: words[pair + 1], as: UTF8.self)
      case "seq": sequence = Int64(String(decoding: words[pair + 1], as: UTF8.self))
      case "type": type = words[pair + 1].first
      default: break
      }
    }
    guard let name, !name.isEmpty, let sequence, sequence != 0, let type else {
      throw Refusal(detail: "names no file, no sequence number or no type")
    }
    guard !name.contains("/"), !name.contains("\\"), name != ".", name != ".." else {
      throw Refusal(detail: "names a path where a file's name belongs")
    }
    guard !entries.contains(where: { $0.name == name }) else { throw Refusal(detail: "names a file twice") }
    switch type {
    case UInt8(ascii: "b"):
      guard !entries.contains(where: { $0.kind == .base }) else { throw Refusal(detail: "names a second base") }
      entries.append(Entry(name: name, sequence: sequence, kind: .base))
    case UInt8(ascii: "i"):
      let last = entries.last { $0.kind == .increment }?.sequence ?? 0
      guard sequence > last else { throw Refusal(detail: "has sequence number \(sequence) after \(last)") }
      entries.append(Entry(name: name, sequence: sequence, kind: .increment))
    case UInt8(ascii: "h"): entries.append(Entry(name: name, sequence: sequence, kind: .history))
    default: throw Refusal(detail: "has an unknown type")
    }
  }

  /// Words between blanks; one in double quotes may hold blanks and escapes. Nil where quotes do not close.
  ///
  /// Source: redis 7.0 src/sds.c `sdssplitargs`.
  private static func words(_ line: ArraySlice<UInt8>) -> [[UInt8]]? {
    var words: [[UInt8]] = []
    var rest = line[...]
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
    while true {
      rest = rest.drop(while: isBlank)
      guard let first = rest.first else { return words }
      var word: [UInt8] = []
      if first == UInt8(ascii: "\"") {
        rest = rest.dropFirst()
        while let byte = rest.first, byte != UInt8(ascii: "\"") {
          rest = rest.dropFirst()
          guard byte == UInt8(ascii: "\\"), let escaped = rest.first else {
            word.append(byte)
            continue
          }
          rest = rest.dropFirst()
          switch escaped {
          case UInt8(ascii: "n"): word.append(0x0a)
          case UInt8(ascii: "r"): word.append(0x0d)
          case UInt8(ascii: "t"): word.append(0x09)
          case UInt8(ascii: "x"):
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
              return nil
            }
            word.append(value)
            rest = rest.dropFirst(2)
          default: word.append(escaped)
          }
        }
        guard rest.popFirst() != nil, rest.first.map(isBlank) ?? true else { return nil }
      } else {
        word = Array(rest.prefix { !isBlank($0) })
        rest = rest.dropFirst(word.count)
      }
      words.append(word)
    }
  }
}
