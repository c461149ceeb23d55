import DrillModel

extension [FollowedFinding] {
  /// The finding of that name, or the one whose name alone begins with it.
  ///
  /// - Throws: `DrillError` with `usage`, which names what is near.
  public func named(_ name: String) throws -> FollowedFinding {
    if let exact = first(where: { $0.id == name }) { return exact }
    let matching = name.isEmpty ? [] : filter { $0.id.hasPrefix(name) }
    if matching.count == 1 { return matching[0] }
    func listed(_ ids: [String]) -> String {
      ids.prefix(3).joined(separator: ", ") + (ids.count > 3 ? ", …" : "")
    }
    let detail =
      if isEmpty {
        "no run has found anything yet"
      } else if matching.isEmpty {
        "no finding has this name; near it: \(listed(NearNames.nearest(to: name, among: map(\.id))))"
      } else {
        "\(matching.count) findings have names that begin so: \(listed(matching.map(\.id)))"
      }
    throw DrillError(.usage, subject: name, detail: detail)
  }
}
