import DrillModel
import Yams

/// One mapping of a YAML file, read field by field; whatever was not asked for by the end is refused with its place and the nearest known name.
///
/// Each error is a `DrillError` with code `bad-file` whose subject is `file:line:column`.
final class YAMLSection {
  let file: String
  private let node: Node
  private let name: String
  private var fields: [(key: Node, value: Node)] = []
  private var known: [String] = []

  /// Parses a whole file whose top level must be a mapping.
  init(file: String, text: String) throws {
    self.file = file
    name = "the file"
    try YAMLLimits.check(text, file: file)
    do {
      guard let root = try compose(yaml: text) else {
        throw DrillError(.badFile, subject: file, detail: "the file is empty")
      }
      node = root
    } catch let error as YamlError {
      throw YAMLSection.readable(error, file: file)
    }
    if let (excess, detail) = YAMLLimits.excess(in: node) { throw refuse(excess, detail) }
    try readFields()
  }

  private init(file: String, node: Node, name: String) throws {
    self.file = file
    self.node = node
    self.name = name
    try readFields()
  }

  private func readFields() throws {
    guard let mapping = node.mapping else {
      throw refuse(node, "\(name) must be a mapping of fields to values")
    }
    var names: Set<String> = []
    for (key, value) in mapping {
      guard let text = key.string else { throw refuse(key, "a field's name must be text") }
      if !names.insert(text).inserted { throw refuse(key, "'\(text)' stands here twice") }
      fields.append((key, value))
    }
  }

  // MARK: Fields

  func node(_ field: String) -> Node? {
    known.append(field)
    return fields.first { $0.key.string == field }?.value
  }

  func has(_ field: String) -> Bool { fields.contains { $0.key.string == field } }

  func text(_ field: String) throws -> String? {
    guard let value = node(field) else { return nil }
    return try text(value, field)
  }

  func requiredText(_ field: String) throws -> String {
    guard let value = try text(field) else { throw missing([field], "\(name) needs '\(field)'") }
    return value
  }

  func texts(_ field: String) throws -> [String]? {
    guard let value = node(field) else { return nil }
    if let sequence = value.sequence { return try sequence.map { try text($0, field) } }
    return [try text(value, field)]
  }

  func integer(_ field: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = node(field) else { return nil }
    guard let number = value.wholeNumber, range.contains(number) else {
      throw refuse(value, "'\(field)' must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func seed(_ field: String = "seed") throws -> UInt64? {
    guard let value = node(field) else { return nil }
    guard let text = value.string, let number = UInt64(text) else {
      throw refuse(value, "'\(field)' must be a whole number from 0 to 18446744073709551615")
    }
    return number
  }

  func real(_ field: String, in range: ClosedRange<Double>) throws -> Double? {
    guard let value = node(field) else { return nil }
    guard let number = value.realNumber, range.contains(number) else {
      throw refuse(value, "'\(field)' must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func flag(_ field: String) throws -> Bool? {
    guard let value = node(field) else { return nil }
    guard let flag = value.bool else { throw refuse(value, "'\(field)' must be true or false") }
    return flag
  }

  /// A share as `100%`, `99.5%` or a number from 0 to 1.
  func share(_ field: String) throws -> Double? {
    guard let value = node(field) else { return nil }
    let text = value.string ?? ""
    let share = text.hasSuffix("%") ? Double(text.dropLast()).map { $0 / 100 } : Double(text)
    guard let share, (0...1).contains(share) else {
      throw refuse(value, "'\(field)' must be a share such as 99.5% or 0.995")
    }
    return share
  }

  func duration(_ field: String) throws -> Duration? {
    guard let value = node(field) else { return nil }
    guard let duration = Duration(parsing: value.string ?? "") else {
      throw refuse(value, "'\(field)' must be a time such as 500ms, 30s, 15m, 24h or 7d")
    }
    return duration
  }

  /// A size in bytes as `512MiB`, `2GiB`, `1000000`.
  func size(_ field: String) throws -> UInt64? {
    guard let value = node(field) else { return nil }
    guard let size = ByteSize.parse(value.string ?? "") else {
      throw refuse(value, "'\(field)' must be a size such as 512MiB or 2GiB")
    }
    return size
  }

  func choice<T: RawRepresentable & CaseIterable>(_ field: String, of type: T.Type) throws -> T?
  where T.RawValue == String {
    guard let value = node(field) else { return nil }
    guard let text = value.string, let choice = T(rawValue: text) else {
      let names = T.allCases.map(\.rawValue)
      let near = value.string.flatMap { nearest(to: $0, among: names) }.map { "; did you mean '\($0)'?" } ?? ""
      throw refuse(value, "'\(field)' must be one of \(names.joined(separator: ", "))\(near)")
    }
    return choice
  }

  func section(_ field: String) throws -> YAMLSection? {
    guard let value = node(field) else { return nil }
    return try section(value, "'\(field)'")
  }

  func section(_ node: Node, _ name: String) throws -> YAMLSection {
    try YAMLSection(file: file, node: node, name: name)
  }

  func sections(_ field: String) throws -> [YAMLSection]? {
    guard let value = node(field) else { return nil }
    guard let sequence = value.sequence else { throw refuse(value, "'\(field)' must be a list") }
    return try sequence.enumerated().map { try section($1, "entry \($0 + 1) of '\(field)'") }
  }

  func texts(mappedBy field: String) throws -> [String: String] {
    try section(field)?.texts() ?? [:]
  }

  /// All fields as text, whatever their names.
  func texts() throws -> [String: String] {
    var values: [String: String] = [:]
    for (key, value) in fields {
      let name = key.string ?? ""
      known.append(name)
      values[name] = try text(value, name)
    }
    return values
  }

  /// The entries of a mapping whose keys are the person's own.
  func nodes(mappedBy field: String) throws -> [(name: String, node: Node)] {
    try section(field)?.fields.map { ($0.key.string ?? "", $0.value) } ?? []
  }

  private func text(_ value: Node, _ field: String) throws -> String {
    guard let scalar = value.scalar else { throw refuse(value, "'\(field)' must be text") }
    return scalar.string
  }

  // MARK: Ends and errors

  /// To be called once all known fields have been asked for.
  func finish() throws {
    for (key, _) in fields {
      guard let text = key.string, !known.contains(text) else { continue }
      let near =
        nearest(to: text, among: known).map { "; did you mean '\($0)'?" }
        ?? "; known are \(known.joined(separator: ", "))"
      throw refuse(key, "\(name) has no field '\(text)'\(near)")
    }
  }

  /// A field that has to be there is not; where another stands here that it may be a slip of the pen for, that one is named.
  ///
  /// - Parameter wanted: fields of which one would do.
  func missing(_ wanted: [String], _ detail: String) -> DrillError {
    for (key, _) in fields {
      guard let text = key.string, !wanted.contains(text), !known.contains(text),
        let near = nearest(to: text, among: wanted)
      else { continue }
      return refuse(key, "\(name) has no field '\(text)'; did you mean '\(near)'?")
    }
    return refuse(node, detail)
  }

  func refuse(_ field: String, _ detail: String) -> DrillError {
    refuse(fields.first { $0.key.string == field }?.value ?? node, detail)
  }

  func refuse(_ node: Node, _ detail: String) -> DrillError {
    let place = node.mark.map { ":\($0.line):\($0.column)" } ?? ""
    return DrillError(.badFile, subject: file + place, detail: detail)
  }

  private static func readable(_ error: YamlError, file: String) -> DrillError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      DrillError(.badFile, subject: "\(file):\(mark.line):\(mark.column)", detail: "not YAML: \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      DrillError(
        .badFile, subject: "\(file):\(context.mark.line):\(context.mark.column)",
        detail: "\(duplicates.sorted().map { "'\($0)'" }.joined(separator: ", ")) stands here twice")
    default:
      DrillError(.badFile, subject: file, detail: "not YAML: \(error)")
    }
  }
}

/// The candidate with the least edits, where it is near enough to be what was meant.
func nearest(to word: String, among candidates: [String]) -> String? {
  // Nobody mistypes more than this, and comparing costs its square.
  guard word.utf8.count <= 100 else { return nil }
  func distance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let substituted = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
  let scored = candidates.map { ($0, distance(Array(word.lowercased()), Array($0.lowercased()))) }
  guard let best = scored.min(by: { $0.1 < $1.1 }), best.1 <= max(2, word.count / 3) else { return nil }
  return best.0
}
