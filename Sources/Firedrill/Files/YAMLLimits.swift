import DrillModel
import Yams

/// How much a YAML file may make us hold and follow: people's files are small, and one that is not may be meant to harm.
enum YAMLLimits {
  static let textBytes = 1 << 20
  /// Uses of an anchor (`*name`). Each of a few can stand for many that stand for many: twelve multiply by 81 at most.
  static let aliases = 12
  /// Scalars, lists and mappings, written out.
  static let nodes = 200_000
  static let depth = 32

  /// Looks at a text before anything follows what it says.
  ///
  /// - Throws: `DrillError` with `bad-file`, and file, line and column.
  static func check(_ text: String, file: String) throws {
    guard text.utf8.count <= textBytes else {
      throw DrillError(.badFile, subject: file, detail: "the file is larger than \(textBytes >> 20) MiB")
    }
    var (line, column, count) = (1, 1, 0)
    var before = UInt8(ascii: "\n")
    var bytes = text.utf8.makeIterator()
    var next = bytes.next()
    while let byte = next {
      next = bytes.next()
      if byte == UInt8(ascii: "*"), startsWord.contains(before), let next, !endsWord.contains(next) {
        count += 1
        guard count <= aliases else {
          throw DrillError(
            .badFile, subject: "\(file):\(line):\(column)",
            detail: "more than \(aliases) words begin with '*', which in YAML stands for what an anchor marked:"
              + " write it out, or put text into quotes behind another character")
        }
      }
      (line, column) = byte == UInt8(ascii: "\n") ? (line + 1, 1) : (line, column + 1)
      before = byte
    }
  }

  private static let startsWord = Set("\n\r\t [{,".utf8)
  private static let endsWord = Set("\n\r\t ,]}*".utf8)

  /// - Returns: the first node that is too deep or one too many, and why; nil where there is none.
  static func excess(in root: Node) -> (node: Node, detail: String)? {
    var count = 0
    var open: [(node: Node, depth: Int)] = [(root, 0)]
    while let (node, depth) = open.popLast() {
      count += 1
      guard count <= nodes else { return (node, "the file has more than \(nodes) values, anchors written out") }
      guard depth <= YAMLLimits.depth else { return (node, "this is nested deeper than \(YAMLLimits.depth)") }
      switch node {
      case .sequence(let sequence): for entry in sequence { open.append((entry, depth + 1)) }
      case .mapping(let mapping):
        for (key, value) in mapping {
          open.append((key, depth + 1))
          open.append((value, depth + 1))
        }
      case .scalar, .alias: break
      }
    }
    return nil
  }
}

extension Node {
  /// A whole number of base ten, or as `0x`, `0o` and `0b` say; nil for anything else.
  ///
  /// YAML 1.1 also takes `1:30` for ninety, for which Yams multiplies until it overflows.
  var wholeNumber: Int? { scalar?.string.contains(":") == false ? int : nil }

  /// A number; nil for anything else, `1:30` with it.
  var realNumber: Double? { scalar?.string.contains(":") == false ? float ?? int.map(Double.init) : nil }
}
