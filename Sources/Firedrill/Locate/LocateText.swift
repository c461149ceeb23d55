import DrillEvidence
import DrillModel

extension LocateResult {
  /// For a person: each record with its backups below each other, then what was not looked at.
  public var text: String {
    var lines: [String] = []
    let shown = LocateResult.clipped(key.text)
    if records.isEmpty {
      let looked = backups.count { $0.isReadInFull }
      lines.append(
        isInconclusive
          ? "\(shown): found nowhere, and not everything could be read: nothing can be told"
          : "\(shown): in none of \(Format.plural(looked, "backup"))")
    }
    for record in records {
      let holders = record.places.count { !$0.copies.isEmpty }
      let cluster = record.cluster.isEmpty ? "a cluster that is not named" : "cluster \(record.cluster)"
      lines.append(
        "\(LocateResult.clipped(record.key.text)) in \(record.namespace), slot \(record.slot), \(cluster): in \(Format.count(holders)) of \(Format.plural(record.places.count, "backup"))"
      )
      for place in record.places { lines += LocateResult.lines(place) }
      lines.append("")
    }
    let states = Dictionary(grouping: backups, by: \.manifest).mapValues(\.count).sorted { $0.key < $1.key }
    if !states.isEmpty {
      lines.append("manifests: " + states.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
    }
    for backup in backups where !backup.isReadInFull {
      lines.append(
        backup.artifactsRead == 0 ? "NOT LOOKED AT \(backup.backup)" : "NOT WHOLLY LOOKED AT \(backup.backup)")
      lines += backup.gaps.map { "  \($0.artifact.map { "\($0): " } ?? "")\($0.reason)" }
    }
    lines += findings.map {
      "named in finding \($0.finding), \($0.code.rawValue), \($0.isOpen ? "open" : "closed")"
    }
    return lines.map(TerminalText.safe).joined(separator: "\n")
  }

  private static func lines(_ place: Place) -> [String] {
    let cut = place.cut.map(Format.time) ?? "cut unknown         "
    let head = "  \(cut)  \(place.backup)  \(words(place.state))"
    guard !place.copies.isEmpty else { return [head] }
    return [head]
      + place.copies.map { copy in
        var text = "    \(copy.kind), digest \(copy.digest), shard \(copy.shard), \(copy.artifact)"
        if let expiry = copy.expiresAt {
          text += ", \(copy.isExpired ? "had expired at the cut" : "expires") \(Format.time(expiry))"
        }
        if copy.isAsSealed == false { text += "; NOT what was sealed" }
        return text
      }
  }

  private static func words(_ state: Place.State) -> String {
    switch state {
    case .appeared: "here first"
    case .same: "the same"
    case .changed: "CHANGED since the one before"
    case .expiryMoved: "the same, but for its expiry"
    case .absent: "absent"
    case .notInIncrement: "not in this increment: as in the one before, or deleted"
    case .unknown: "not found in what could be read"
    }
  }

  private static func clipped(_ text: String) -> String { text.count > 120 ? "\(text.prefix(119))…" : text }
}
