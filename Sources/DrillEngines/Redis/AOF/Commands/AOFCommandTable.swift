/// What is known of each command that a server writes into its log.
///
/// A log holds write commands alone, and those already made certain: times are absolute, what was drawn at random is
/// named, and scripts stand there as their effects. Source: redis 7.0 src/aof.c `feedAppendOnlyFile`, and each command's
/// `rewriteClientCommandVector` and `alsoPropagate`.
struct AOFCommandTable {
  struct Entry: Sendable {
    var keys: AOFKeyPlaces
    /// What it does; nil: that is not modelled here.
    var apply: (@Sendable (AOFCommand, AOFInterpreter) throws -> Void)?
    /// Fewest words, the name among them.
    var words = 2
  }

  static let known: [String: Entry] = [
    stringCommands, bitCommands, listCommands, setCommands, hashCommands, sortedSetCommands, streamCommands,
    keyCommands, libraryCommands, unmodelledCommands,
  ].reduce(into: [:]) { $0.merge($1) { _, _ in preconditionFailure("a command that is listed twice") } }

  /// Nil for a command that no list here names.
  static func entry(_ command: AOFCommand) -> Entry? {
    let name = command.keyword(0)
    if let entry = known[name] { return entry }
    // Commands of Redis Stack's modules whose first key stands first. Source: their documentation.
    let single = ["JSON.", "BF.", "CF.", "TS.", "TOPK."]
    let several = ["JSON.MSET", "TS.MADD", "TS.CREATERULE", "TS.DELETERULE"]
    return single.contains(where: name.hasPrefix) && !several.contains(name) ? Entry(keys: .first) : nil
  }
}
