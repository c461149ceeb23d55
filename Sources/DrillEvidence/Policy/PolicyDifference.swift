import DrillModel

/// A change of policy with the lines that changed.
public struct PolicyDifference: Hashable, Sendable, Codable {
  public var change: PolicyChange
  /// Files that changed, by name; nil where the details with the texts have been dropped.
  public var files: [File]?

  public struct File: Hashable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable { case added, removed, changed }
    public var name: String
    public var kind: Kind
    /// In the order of the new text, removed lines before those that stand in their place.
    public var lines: [Line]
  }

  public struct Line: Hashable, Sendable, Codable {
    public var isAdded: Bool
    /// In the new text where it was added, in the old one where it was removed; from 1.
    public var number: Int
    public var text: String
  }

  /// - Parameters:
  ///   - old: texts by name, as the runs recorded them; nil where they are gone.
  init(_ change: PolicyChange, old: [String: String]?, new: [String: String]?) {
    self.change = change
    guard let old, let new else { return }
    let names = Set(old.keys).union(new.keys).subtracting([PolicyDigest.originKey]).sorted()
    files = names.compactMap { name in
      guard old[name] != new[name] else { return nil }
      let kind: File.Kind = old[name] == nil ? .added : new[name] == nil ? .removed : .changed
      return File(name: name, kind: kind, lines: PolicyDifference.lines(old[name] ?? "", new[name] ?? ""))
    }
  }

  private static func lines(_ old: String, _ new: String) -> [Line] {
    func split(_ text: String) -> [Substring] {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      return lines.last?.isEmpty == true ? lines.dropLast() : lines
    }
    let (before, after) = (split(old), split(new))
    let difference = after.difference(from: before)
    let removed = Set(difference.removals.map(PolicyDifference.offset))
    let added = Set(difference.insertions.map(PolicyDifference.offset))
    var lines: [Line] = []
    var (left, right) = (0, 0)
    while left < before.count || right < after.count {
      if removed.contains(left) {
        lines.append(Line(isAdded: false, number: left + 1, text: String(before[left])))
        left += 1
      } else if added.contains(right) {
        lines.append(Line(isAdded: true, number: right + 1, text: String(after[right])))
        right += 1
      } else {
        left += 1
        right += 1
      }
    }
    return lines
  }

  private static func offset(_ change: CollectionDifference<Substring>.Change) -> Int {
    switch change {
    case .insert(let offset, _, _), .remove(let offset, _, _): offset
    }
  }
}

extension Ledger {
  /// Each change of policy with the lines that changed, in the ledger's order, while the texts are still there.
  ///
  /// - Throws: `DrillError` with `ledger-damaged`.
  public func policyDifferences(drill: String? = nil, cluster: String? = nil) throws -> [PolicyDifference] {
    try history().policyChanges().filter {
      (drill == nil || $0.drill == drill) && (cluster == nil || $0.cluster == cluster)
    }.map { change in
      PolicyDifference(change, old: try run(change.before).files, new: try run(change.run).files)
    }
  }
}
