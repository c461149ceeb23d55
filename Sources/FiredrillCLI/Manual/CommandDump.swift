/// What the program says about itself to tools: commands with their arguments, as `--experimental-dump-help` prints them.
///
/// Source: swift-argument-parser, Sources/ArgumentParserToolInfo/ToolInfo.swift (`ToolInfoV0`).
struct CommandDump: Decodable {
  var command: Command

  struct Command: Decodable {
    var commandName: String
    var abstract: String?
    var discussion: String?
    var shouldDisplay: Bool?
    var subcommands: [Command]?
    var arguments: [Argument]?

    /// Those that a person is to see.
    var shown: [Command] { (subcommands ?? []).filter { $0.shouldDisplay ?? true && $0.commandName != "help" } }
  }

  struct Argument: Decodable {
    struct Name: Decodable {
      /// `short`, `long` or `longWithSingleDash`.
      var kind: String
      var name: String

      var text: String { (kind == "long" ? "--" : "-") + name }
    }

    /// `positional`, `option` or `flag`.
    var kind: String
    var names: [Name]?
    var valueName: String?
    var abstract: String?
    var defaultValue: String?
    var allValues: [String]?
    var isOptional: Bool
    var isRepeating: Bool
    var shouldDisplay: Bool?
  }
}
