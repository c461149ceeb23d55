public import DrillModel
internal import Foundation

/// A list of SHA-256 digests as `sha256sum`, `sha256sum --tag`, `shasum -a 256` and BSD's `sha256` write it.
///
/// Source: GNU coreutils manual, "md5sum invocation" (the same for `sha256sum`): a digest, a space, a space or `*`, the name; where the name holds a
/// backslash or a line break, the line begins with a backslash and the name has `\\`, `\n` and `\r` for them. With `--tag`, and on BSD: `SHA256 (name) = digest`.
public struct ChecksumList: Sendable, Hashable {
  public struct Line: Sendable, Hashable {
    public var name: String
    public var digest: Digest
  }

  /// In the order of the file; no name stands twice.
  public let lines: [Line]

  /// - Throws: `DrillError` with `bad-file`, with the line: a list that is understood in part proves nothing.
  public init(_ bytes: [UInt8], subject: String) throws {
    var lines: [Line] = []
    var known: [String: Digest] = [:]
    for (index, bytes) in bytes.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
      var bytes = bytes
      if bytes.last == 13 { bytes.removeLast() }
      guard !bytes.isEmpty, bytes.first != UInt8(ascii: "#") else { continue }
      func refuse(_ detail: String) -> DrillError {
        DrillError(.badFile, subject: "\(subject):\(index + 1)", detail: detail)
      }
      guard let text = String(validating: bytes, as: UTF8.self) else { throw refuse("the line is not UTF-8 text") }
      guard let line = ChecksumList.line(text) else {
        throw refuse(
          "not a line of a SHA256SUMS: a digest of 64 digits, two spaces and a name, or SHA256 (name) = digest")
      }
      if let other = known[line.name] {
        guard other == line.digest else { throw refuse("'\(line.name)' stands here twice, with two digests") }
        continue
      }
      known[line.name] = line.digest
      lines.append(line)
    }
    guard !lines.isEmpty else { throw DrillError(.badFile, subject: subject, detail: "the list names no file") }
    self.lines = lines
  }

  private static func line(_ text: String) -> Line? {
    let isEscaped = text.first == "\\"
    let text = isEscaped ? text.dropFirst() : text[...]
    let name: Substring
    let digits: Substring
    if text.hasPrefix("SHA256 ("), let end = text.range(of: ") = ", options: .backwards) {
      name = text[text.index(text.startIndex, offsetBy: 8)..<end.lowerBound]
      digits = text[end.upperBound...]
    } else {
      digits = text.prefix(64)
      let rest = text.dropFirst(64)
      guard rest.first == " ", let mark = rest.dropFirst().first, mark == " " || mark == "*" else { return nil }
      name = rest.dropFirst(2)
    }
    guard let digest = Digest(hex: digits.lowercased()), !name.isEmpty else { return nil }
    guard let plain = isEscaped ? unescaped(name) : String(name) else { return nil }
    return Line(name: plain.hasPrefix("./") ? String(plain.dropFirst(2)) : plain, digest: digest)
  }

  private static func unescaped(_ name: Substring) -> String? {
    var result = ""
    var rest = name[...]
    while let character = rest.popFirst() {
      guard character == "\\" else {
        result.append(character)
        continue
      }
      switch rest.popFirst() {
      case "\\": result.append("\\")
      case "n": result.append("\n")
      case "r": result.append("\r")
      default: return nil
      }
    }
    return result
  }
}
