import DrillModel
import Foundation
import Yams

/// Reads what opens encoded artifacts, and how they are to be encoded.
struct EncodingReader {
  /// Absolute form of a path that stands in the file.
  let absolute: (String) -> String
  /// The text of a file that the file names.
  let text: (String) throws -> String

  /// The field `keys`: a section, or the path of a file with its fields; nil where there is none.
  func keys(_ file: YAMLSection) throws -> KeySection? {
    guard let node = file.node("keys") else { return nil }
    guard let path = node.string else { return try keys(in: try file.section(node, "'keys'")) }
    // Paths in it are relative to where it lies.
    let folder = (path as NSString).deletingLastPathComponent
    let reader = EncodingReader(
      absolute: { absolute(folder.isEmpty || $0.hasPrefix("/") || $0.hasPrefix("~") ? $0 : "\(folder)/\($0)") },
      text: text)
    return try reader.keys(in: try YAMLSection(file: path, text: try text(path)))
  }

  func keys(in section: YAMLSection) throws -> KeySection {
    let keys = KeySection(
      identities: try sources("identities", of: section),
      revoked: try section.texts("revoked") ?? [], passphrase: try sources("passphrase", of: section).first,
      filters: try filters(section))
    try section.finish()
    return keys
  }

  /// The fields `encode`, `recipients` and `filters` of a section; nil where nothing is encoded.
  func encoding(_ section: YAMLSection) throws -> EncodingSection? {
    let names = try section.texts("encode")
    let recipients = try section.texts("recipients") ?? []
    let commands = try filters(section)
    guard let names, !names.isEmpty else {
      guard recipients.isEmpty, commands.isEmpty else {
        throw section.refuse(
          "recipients", "'recipients' and 'filters' say how to encode; name the filters with 'encode'")
      }
      return nil
    }
    for name in names where FilterTools.Builtin(rawValue: name) == nil && commands[name]?.encode == nil {
      throw section.refuse(
        "encode",
        "'\(name)' is none of \(FilterTools.Builtin.allCases.map(\.rawValue).joined(separator: ", ")), and 'filters' names no program that encodes it"
      )
    }
    return EncodingSection(
      filters: names, recipients: recipients.map { $0.hasPrefix("age1") ? $0 : absolute($0) }, commands: commands)
  }

  /// Each a path, `{file: PATH}`, `{env: NAME}` or `{command: [PROGRAM, …]}`.
  private func sources(_ field: String, of section: YAMLSection) throws -> [KeySource] {
    guard let node = section.node(field) else { return [] }
    return try (node.sequence.map(Array.init) ?? [node]).map { node in
      if let path = node.string { return .file(absolute(path)) }
      let entry = try section.section(node, "'\(field)'")
      let source: KeySource
      if let path = try entry.text("file") {
        source = .file(absolute(path))
      } else if let name = try entry.text("env") {
        source = .environment(name)
      } else if let words = try entry.texts("command"), !words.isEmpty {
        source = .command(program(words))
      } else {
        throw entry.missing(
          ["file", "env", "command"], "'\(field)' is a path, {file: PATH}, {env: NAME} or {command: […]}")
      }
      try entry.finish()
      return source
    }
  }

  private func filters(_ section: YAMLSection) throws -> [String: FilterCommand] {
    var filters: [String: FilterCommand] = [:]
    for (name, node) in try section.nodes(mappedBy: "filters") {
      guard FilterTools.Builtin(rawValue: name) == nil else {
        throw section.refuse(node, "'\(name)' is built in; give a filter of your own another name")
      }
      guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }) else {
        throw section.refuse(node, "a filter's name is made of letters, digits, '-' and '_'")
      }
      let entry = try section.section(node, "'\(name)'")
      filters[name] = FilterCommand(
        decode: try entry.texts("decode").map(program), encode: try entry.texts("encode").map(program))
      try entry.finish()
    }
    return filters
  }

  /// A program is looked for on PATH unless it is a path.
  private func program(_ words: [String]) -> [String] {
    guard let first = words.first, first.contains("/") else { return words }
    return [absolute(first)] + words.dropFirst()
  }
}
