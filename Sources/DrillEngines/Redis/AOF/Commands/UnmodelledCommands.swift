/// Commands whose effect is not modelled, with the keys that they may change.
extension AOFCommandTable {
  static var unmodelledCommands: [String: Entry] {
    var entries: [String: Entry] = [:]
    // A script may write what it likes among its keys. Servers since 5.0 write what it did instead.
    for name in ["EVAL", "EVALSHA", "FCALL"] { entries[name] = Entry(keys: .countedTargets(2)) }
    // How a HyperLogLog is stored depends on a setting that the log does not hold.
    entries["PFADD"] = Entry(keys: .first)
    entries["PFCOUNT"] = Entry(keys: .every(1))
    entries["PFMERGE"] = Entry(keys: .target(1, sourcesFrom: 2))
    entries["PFDEBUG"] = Entry(keys: .words([2]))
    // Trigonometry at the edges of an area. `GEOADD` stands in a log as `ZADD`.
    entries["GEOADD"] = Entry(keys: .first)
    entries["GEOSEARCHSTORE"] = Entry(keys: .target(1, sourcesFrom: 2), words: 3)
    for name in ["GEORADIUS", "GEORADIUSBYMEMBER"] {
      entries[name] = Entry(
        keys: .found { command in
          let marks = (2..<max(2, command.count - 1)).filter { ["STORE", "STOREDIST"].contains(command.keyword($0)) }
          return marks.isEmpty ? nil : marks.map { AOFKeyUse(index: $0 + 1) }
        }, words: 5)
    }
    // Random, relative to the time of loading, or calculated with more digits than a double has: servers write what came
    // of it.
    for name in [
      "SPOP", "SETEX", "PSETEX", "INCRBYFLOAT", "HINCRBYFLOAT", "HEXPIRE", "HPEXPIRE", "HGETEX", "XREADGROUP",
    ] {
      entries[name] = Entry(keys: name == "XREADGROUP" ? .found { _ in nil } : .first)
    }
    for name in ["XAUTOCLAIM", "XDELEX", "XACKDEL", "VADD", "VREM", "VSETATTR"] { entries[name] = Entry(keys: .first) }
    return entries
  }
}
