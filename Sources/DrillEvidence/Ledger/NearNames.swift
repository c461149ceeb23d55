/// Names that someone may have meant.
enum NearNames {
  /// `names` by their edit distance to `name`, the nearest first; names of one distance in their order.
  static func nearest(to name: String, among names: [String]) -> [String] {
    let wanted = Array(name)
    // A part that was typed right should count, however long the rest of the name is.
    func distance(_ other: String) -> Int {
      if other.contains(name) { return 0 }
      return editDistance(wanted, Array(other)) - zip(name, other).prefix { $0 == $1 }.count
    }
    return names.enumerated().map { ($0.element, distance($0.element), $0.offset) }
      .sorted { ($0.1, $0.2) < ($1.1, $1.2) }.map(\.0)
  }

  /// Insertions, deletions and replacements that lead from one to the other (Levenshtein).
  static func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, left) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, right) in b.enumerated() {
        (diagonal, row[j + 1]) = (row[j + 1], min(row[j] + 1, row[j + 1] + 1, diagonal + (left == right ? 0 : 1)))
      }
    }
    return row[b.count]
  }
}
