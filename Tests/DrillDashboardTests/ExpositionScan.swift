/// A strict little reader of Prometheus' text format, as the format's description has it.
struct ExpositionScan {
  struct Broken: Error { var line: String }
  struct Series: Hashable {
    var name: String
    var labels: [String: String]
  }

  var types: [String: String] = [:]
  var helps: [String: String] = [:]
  var values: [Series: Double] = [:]

  init(_ text: String) throws {
    guard text.hasSuffix("\n") else { throw Broken(line: "no end of the last line") }
    var closed: Set<String> = []
    var current = ""
    for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
      func require(_ condition: Bool) throws { if !condition { throw Broken(line: String(line)) } }
      if line.hasPrefix("# HELP ") || line.hasPrefix("# TYPE ") {
        let parts = line.dropFirst(7).split(separator: " ", maxSplits: 1)
        try require(parts.count == 2)
        let name = String(parts[0])
        if line.hasPrefix("# HELP ") {
          // All lines of a metric stand together, and begin with its help.
          closed.insert(current)
          try require(!closed.contains(name) && helps[name] == nil)
          current = name
          helps[name] = String(parts[1])
        } else {
          try require(name == current && types[name] == nil && ["gauge", "counter", "histogram"].contains(parts[1]))
          types[name] = String(parts[1])
        }
        continue
      }
      let series = try Self.series(line)
      let base =
        types[current] == "histogram"
        ? ["_bucket", "_sum", "_count"].first { series.0.name == current + $0 }.map { _ in current } : series.0.name
      try require(base == current && types[current] != nil && values[series.0] == nil)
      values[series.0] = series.1
    }
  }

  private static func series(_ line: Substring) throws -> (Series, Double) {
    var rest = line
    func isName(_ text: Substring) -> Bool {
      text.first.map { $0.isASCII && ($0.isLetter || $0 == "_") } ?? false
        && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }
    let name = rest.prefix { $0 != "{" && $0 != " " }
    guard isName(name) else { throw Broken(line: String(line)) }
    rest = rest.dropFirst(name.count)
    var labels: [String: String] = [:]
    if rest.first == "{" {
      rest = rest.dropFirst()
      while rest.first != "}" {
        let label = rest.prefix { $0 != "=" }
        guard isName(label), rest.dropFirst(label.count).hasPrefix("=\"") else { throw Broken(line: String(line)) }
        rest = rest.dropFirst(label.count + 2)
        var scalars = Array(rest.unicodeScalars)[...]
        var value = ""
        while let scalar = scalars.popFirst(), scalar != "\"" {
          guard scalar == "\\" else {
            value.unicodeScalars.append(scalar)
            continue
          }
          switch scalars.popFirst() {
          case "n": value += "\n"
          case "\\": value += "\\"
          case "\"": value += "\""
          default: throw Broken(line: String(line))
          }
        }
        guard labels.updateValue(value, forKey: String(label)) == nil else { throw Broken(line: String(line)) }
        var after = Substring(String(String.UnicodeScalarView(scalars)))
        if after.first == "," {
          after = after.dropFirst()
        } else if after.first != "}" {
          throw Broken(line: String(line))
        }
        rest = after
      }
      rest = rest.dropFirst()
    }
    guard rest.first == " " else { throw Broken(line: String(line)) }
    let number = String(rest.dropFirst())
    let value = number == "+Inf" ? Double.infinity : Double(number)
    guard let value, !number.contains(" ") else { throw Broken(line: String(line)) }
    return (Series(name: String(name), labels: labels), value)
  }
}
