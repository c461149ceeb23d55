/// Function libraries. Source: redis 7.0 src/functions.c.
extension AOFCommandTable {
  static var libraryCommands: [String: Entry] {
    ["FUNCTION": Entry(keys: .none, apply: changeLibraries)]
  }

  private static func changeLibraries(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    switch command.keyword(1) {
    case "LOAD":
      let replaces = command.count > 3 && command.keyword(2) == "REPLACE"
      guard command.count == (replaces ? 4 : 3) else { throw AOFInterpreter.Refused() }
      let (name, code) = try RestoredPayload.library(command.array(command.count - 1))
      guard replaces || store.libraries[name] == nil else { throw AOFInterpreter.Refused() }
      store.libraries[name] = code
    case "DELETE":
      guard command.count == 3, store.libraries.removeValue(forKey: command.array(2)) != nil else {
        throw AOFInterpreter.Refused()
      }
    case "FLUSH": store.libraries = [:]
    case "RESTORE":
      guard command.count > 2 else { throw AOFInterpreter.Refused() }
      let restored = try RestoredPayload.libraries(command.array(2))
      let policy = command.count > 3 ? command.keyword(3) : "APPEND"
      switch policy {
      case "FLUSH": store.libraries = [:]
      case "REPLACE": break
      case "APPEND":
        guard restored.allSatisfy({ store.libraries[$0.name] == nil }) else { throw AOFInterpreter.Refused() }
      default: throw AOFInterpreter.Refused()
      }
      for library in restored { store.libraries[library.name] = library.code }
    default: throw AOFInterpreter.Refused()
    }
  }
}
