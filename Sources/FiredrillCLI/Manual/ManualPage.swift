import DrillModel
import Firedrill
import Foundation

/// The manual page, from the same words as `--help`.
///
/// Source: man(7); groff_man(7).
struct ManualPage {
  var dump: CommandDump
  /// `yyyy-mm-dd`.
  var date: String

  var text: String {
    let root = dump.command
    var page = [
      ".\\\" Written by firedrill manual.",
      ".TH FIREDRILL 1 \(date) \"firedrill \(Firedrill.version)\" \"User Commands\"",
      ".SH NAME", "firedrill \\- prove that backups of a sharded data store restore and answer as production did",
      ".SH SYNOPSIS", ".B firedrill", ".I command", "[\\fIoptions\\fR]", ".SH DESCRIPTION",
      Self.escaped(root.abstract ?? ""),
    ]
    page += Self.discussion(Self.withoutStatuses(root.discussion ?? ""))
    page.append(".SH COMMANDS")
    for command in root.shown { page += describe(command, below: "firedrill") }
    page += [".SH EXIT STATUS"]
    for status in ExitStatus.allCases { page += [".TP", ".B \(status.rawValue)", Self.escaped(status.meaning)] }
    page += [".SH ENVIRONMENT"]
    for (name, meaning) in ManualPage.environment { page += [".TP", ".B \(name)", Self.escaped(meaning)] }
    page += [".SH FILES"]
    for (name, meaning) in ManualPage.files { page += [".TP", ".I \(Self.escaped(name))", Self.escaped(meaning)] }
    page += [
      ".SH SEE ALSO", ".BR redis\\-server (1),", ".BR bwrap (1),", ".BR rclone (1),", ".BR systemd.timer (5)",
    ]
    return page.joined(separator: "\n") + "\n"
  }

  private static let environment = [
    ("FIREDRILL_LEDGER", "The ledger, where neither --ledger nor the drill names one."),
    ("FIREDRILL_WORK", "The folder below which runs work, where the drill names none."),
    ("FIREDRILL_CACHE", "Where fetched backups of remote catalogs are kept, where the drill names no folder."),
    ("FIREDRILL_FROZEN_CLOCK", "Path of libCFrozenClock.so, where it is not beside the program."),
    ("FIREDRILL_PASSWORD", "Password for the Redis URLs of diff and fingerprint."),
    ("RCLONE_CONFIG", "And whatever else rclone reads: remote catalogs are fetched by it."),
    ("NO_COLOR", "If not empty: no colour."),
  ]

  private static let files = [
    (
      "/usr/share/doc/firedrill",
      "What every field of drill, cluster and workload files means, and what a pass does and does not say."
    ),
    ("/usr/share/doc/firedrill/examples", "Drills, workloads, monitoring rules and systemd units."),
  ]

  /// One command, and below it those that it has.
  private func describe(_ command: CommandDump.Command, below parent: String) -> [String] {
    let name = "\(parent) \(command.commandName)"
    let arguments = (command.arguments ?? []).filter {
      $0.shouldDisplay ?? true && !["help", "version"].contains($0.names?.last?.name ?? "")
    }
    var lines = [".SS \(Self.escaped(synopsis(name, command, arguments)))", Self.escaped(command.abstract ?? "")]
    for argument in arguments {
      lines += [".TP", Self.head(argument), Self.escaped(Self.explained(argument))]
    }
    lines += Self.discussion(command.discussion ?? "")
    for sub in command.shown { lines += describe(sub, below: name) }
    return lines
  }

  private func synopsis(_ name: String, _ command: CommandDump.Command, _ arguments: [CommandDump.Argument]) -> String {
    var words = [name]
    if !command.shown.isEmpty { words.append("COMMAND") }
    if arguments.contains(where: { $0.kind != "positional" }) { words.append("[options]") }
    words += arguments.filter { $0.kind == "positional" }.map { argument in
      let value = "\((argument.valueName ?? "value").uppercased())\(argument.isRepeating ? "..." : "")"
      return argument.isOptional ? "[\(value)]" : value
    }
    return words.joined(separator: " ")
  }

  private static func head(_ argument: CommandDump.Argument) -> String {
    let value = escaped((argument.valueName ?? "value").uppercased())
    guard argument.kind != "positional" else { return ".I \(value)" }
    let names = (argument.names ?? []).map { "\\fB\(escaped($0.text))\\fR" }.joined(separator: ", ")
    return argument.kind == "option" ? "\(names) \\fI\(value)\\fR" : names
  }

  private static func explained(_ argument: CommandDump.Argument) -> String {
    var text = argument.abstract ?? ""
    if let values = argument.allValues, !values.isEmpty { text += " One of \(values.joined(separator: ", "))." }
    if let value = argument.defaultValue, !value.isEmpty, argument.kind == "option" { text += " Default: \(value)." }
    return text.trimmingCharacters(in: .whitespaces)
  }

  /// Paragraphs as they are; what is indented below EXAMPLE stays line by line.
  private static func discussion(_ text: String) -> [String] {
    var lines: [String] = []
    var isExample = false
    for line in text.components(separatedBy: "\n") {
      if line == "EXAMPLE" {
        lines += [".PP", "Example:", ".RS 4", ".nf"]
        isExample = true
      } else if isExample, !line.isEmpty, !line.hasPrefix(" ") {
        lines += [".fi", ".RE", ".PP", escaped(line)]
        isExample = false
      } else if isExample {
        if !line.isEmpty { lines.append(escaped(String(line.drop { $0 == " " }))) }
      } else if line.isEmpty {
        if lines.last != ".PP" { lines.append(".PP") }
      } else {
        if lines.isEmpty { lines.append(".PP") }
        lines.append(escaped(line.trimmingCharacters(in: .whitespaces)))
      }
    }
    if isExample { lines += [".fi", ".RE"] }
    while lines.last == ".PP" { lines.removeLast() }
    return lines
  }

  /// They have a section of their own.
  private static func withoutStatuses(_ text: String) -> String {
    text.components(separatedBy: "EXIT STATUS").first?.trimmingCharacters(in: .newlines) ?? text
  }

  /// Source: groff(7), "Escape sequences": a hyphen that is to be copied is `\-`; a dot or quote at a line's beginning is a request.
  private static func escaped(_ text: String) -> String {
    let plain = text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("…", with: "...")
      .replacing("\n", with: " ")
    return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
  }
}
