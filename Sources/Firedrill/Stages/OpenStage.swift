import DrillChecks
import DrillModel
import Foundation

extension DrillRunner {
  /// What is stored encoded, decoded into the run's private folder with the keys of the drill and no others. With any artifact
  /// that does not open there is no backup to go on with.
  func open(_ stored: StoredBackup) async throws -> (StoredBackup?, StageResult) {
    guard stored.backup.links.contains(where: { $0.artifacts.areEncoded }) else { return (stored, StageResult()) }
    let start = ContinuousClock.now
    let home = "\(folder)/k-\(UUID().uuidString.prefix(4).lowercased())"
    var result = StageResult()
    var plain = stored
    var keys: [String: Int] = [:]
    for (number, manifest) in stored.backup.links.enumerated() {
      let isLast = number + 1 == stored.backup.links.count
      // Of a chain's earlier links what was captured at their cuts is not asked for.
      let wanted = manifest.artifacts.filter { $0.role != .reference || isLast && stored.manifest.reference != nil }
      let opened = try await OpenedArtifacts.open(
        wanted, of: manifest.backup, with: drill.keys, in: try OpenedArtifacts.folder("\(home)/\(number)")
      ) { try catalog.place(of: $0, in: manifest.backup) }
      result.judgement.findings += checks.judged(opened.findings)
      keys.merge(opened.keys) { $0 + $1 }
      result.notes += opened.unusable.map { "keys: \($0)" }.filter { !result.notes.contains($0) }
      let data = ArtifactGroup.data(of: manifest.artifacts).compactMap { group in
        group.named { name in opened.paths[name] ?? stored.place(of: name, link: number) }
      }
      if !plain.links.isEmpty { plain.links[number].data = data }
      guard isLast else { continue }
      plain.data = data
      plain.opened = opened.paths
      plain.backup.manifest.artifacts = plain.manifest.artifacts.map { opened.decoded[$0.name] ?? $0 }
    }
    if result.judgement.isClean {
      result.judgement.findings += checks.judged(try await headers(of: plain.links.filter(\.isEncoded)))
    }
    result.phases = [PhaseTiming(.open, elapsed: start.duration(to: .now))]
    result.notes += keys.sorted { $0.key < $1.key }.map {
      "\($0.value) artifact\($0.value == 1 ? " was" : "s were") opened with key \($0.key)"
    }
    return (result.judgement.isClean ? plain : nil, result)
  }
}

extension StoredLink {
  /// Whether its data have to be decoded before they can be looked into.
  var isEncoded: Bool { manifest.artifacts.contains { $0.role == .data && !$0.encodings.isEmpty } }
}

extension StoredBackup {
  fileprivate func place(of name: String, link number: Int) -> String? {
    let files = links.isEmpty ? data : links[number].data
    for named in files {
      if named.name == name { return named.file.path }
      if let part = named.file.parts.first(where: { $0.hasSuffix("/" + name) }) { return part }
    }
    return nil
  }
}
