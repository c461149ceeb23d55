import DrillCrypto
import DrillModel
import Foundation

/// Changes what a backup says of itself, and who signed that.
///
/// `manifest: BACKUP` with any of: `refresh: true` (sizes and digests as the files now are), `set: {PLACE: JSON}`, `take: {PLACE: BACKUP}` (as that one's manifest has it)
/// and `remove: [PLACE]` in the statement's predicate (`cut.time`, `artifacts.0.name`) or, with `statement.` before it, in the statement, `relink: true` (the predecessor's digest
/// as its manifest now is), `sign: [KEY]`, the keys that sign anew, and `key_ids: [KEY]`, whose ids the signatures claim. Without `sign` the old signatures stay,
/// over what they did not sign; an empty list strips them.
struct ManifestPlant: Plant {
  var backup: String
  var refreshes = false
  var relinks = false
  var set: [String: String] = [:]
  var removed: [String] = []
  /// Backups, by the place that is as in their manifests.
  var taken: [String: String] = [:]
  var signers: [String]?
  var claimed: [String]?

  init(backup: String) { self.backup = backup }

  init(_ section: YAMLSection) throws {
    backup = try section.requiredText("manifest")
    refreshes = try section.flag("refresh") ?? false
    set = try section.texts(mappedBy: "set")
    relinks = try section.flag("relink") ?? false
    taken = try section.texts(mappedBy: "take")
    removed = try section.texts("remove") ?? []
    claimed = try section.texts("key_ids")
    signers = try section.texts("sign")
  }

  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    var bench = bench
    let folder = bench.path(bench.filled("backups/\(backup)"))
    let path = "\(folder)/\(Catalog.manifestName)"
    let before = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    let after = try changed(before, in: bench, folder: folder)
    guard after != before else {
      throw DrillError(.io, subject: "manifest", detail: "nothing was planted: the manifest did not change")
    }
    try Data(after).write(to: URL(fileURLWithPath: path))
    bench.proofs.append("the manifest of \(bench.filled(backup)) changed")
    return try await body(bench)
  }

  /// The envelope's bytes with the change made.
  private func changed(_ bytes: [UInt8], in bench: ScenarioBench, folder: String) throws -> [UInt8] {
    do {
      let old = try Envelope(parsing: bytes)
      var payload = old.payload
      if refreshes {
        var statement = try Statement<Manifest>(payload: payload, predicateType: Manifest.predicateType)
        for index in statement.predicate.artifacts.indices {
          let file = URL(fileURLWithPath: "\(folder)/\(statement.predicate.artifacts[index].name)")
          let contents = Array(try Data(contentsOf: file))
          statement.predicate.artifacts[index].sizeBytes = UInt64(contents.count)
          statement.predicate.artifacts[index].digest = SHA256.digest(contents)
        }
        payload = try statement.predicate.statement.payload()
      }
      if !set.isEmpty || !removed.isEmpty || !taken.isEmpty { payload = try edited(payload, in: bench) }
      if relinks { payload = try relinked(payload, in: bench) }
      var envelope = Envelope(payload: payload, signatures: signers == nil ? old.signatures : [])
      for name in signers ?? [] { try envelope.sign(with: try KeyFile.readSigningKey(bench.path(name))) }
      if let claimed {
        let ids = try claimed.map { try KeyFile.readPublicKey(bench.path("\($0).pub")).keyID }
        envelope = Envelope(
          payload: envelope.payload,
          signatures: zip(envelope.signatures, ids).map { .init(keyID: $1, bytes: $0.bytes) })
      }
      return try envelope.encoded()
    } catch let refusal as StrictJSON.Refusal {
      throw DrillError(.io, subject: "manifest", detail: "cannot be changed: \(refusal)")
    }
  }

  /// With the digest of the predecessor's statement as the catalog now has it.
  private func relinked(_ payload: [UInt8], in bench: ScenarioBench) throws -> [UInt8] {
    var statement = try Statement<Manifest>(payload: payload, predicateType: Manifest.predicateType)
    guard let predecessor = statement.predicate.predecessor?.backup else {
      throw DrillError(.usage, subject: "relink", detail: "the backup has no predecessor")
    }
    statement.predicate.predecessor?.manifest = try ManifestPlant.envelope(of: predecessor, in: bench).payloadDigest
    return try statement.predicate.statement.payload()
  }

  private static func envelope(of backup: String, in bench: ScenarioBench) throws -> Envelope {
    let path = bench.path("backups/\(backup)/\(Catalog.manifestName)")
    return try Envelope(parsing: Array(try Data(contentsOf: URL(fileURLWithPath: path))))
  }

  private func edited(_ payload: [UInt8], in bench: ScenarioBench) throws -> [UInt8] {
    var statement = try JSONSerialization.jsonObject(with: Data(payload))
    for (place, text) in set.sorted(by: { $0.key < $1.key }) {
      let value = try JSONSerialization.jsonObject(with: Data(bench.filled(text).utf8), options: .fragmentsAllowed)
      statement = try ManifestPlant.put(value, at: path(bench.filled(place)), in: statement)
    }
    for (place, other) in taken {
      let payload = try ManifestPlant.envelope(of: bench.filled(other), in: bench).payload
      let path = path(bench.filled(place))
      let value = try path.reduce(try JSONSerialization.jsonObject(with: Data(payload))) { object, name in
        guard let value = (object as? [String: Any])?[name] else {
          throw DrillError(.usage, subject: place, detail: "the other manifest has no such place")
        }
        return value
      }
      statement = try ManifestPlant.put(value, at: path, in: statement)
    }
    for place in removed {
      statement = try ManifestPlant.put(nil, at: path(bench.filled(place)), in: statement)
    }
    return Array(
      try JSONSerialization.data(withJSONObject: statement, options: [.sortedKeys, .withoutEscapingSlashes]))
  }

  private func path(_ text: String) -> [String] {
    let words = text.split(separator: ".").map(String.init)
    return words.first == "statement" ? Array(words.dropFirst()) : ["predicate"] + words
  }

  private static func put(_ value: Any?, at path: [String], in place: Any) throws -> Any {
    guard let first = path.first else { return value ?? NSNull() }
    if var object = place as? [String: Any] {
      if path.count == 1 {
        object[first] = value
      } else {
        object[first] = try put(value, at: Array(path.dropFirst()), in: object[first] ?? [String: Any]())
      }
      return object
    }
    guard var list = place as? [Any], let index = Int(first), list.indices.contains(index) else {
      throw DrillError(.usage, subject: first, detail: "the manifest has no such place")
    }
    if path.count == 1, value == nil {
      list.remove(at: index)
    } else {
      list[index] = try put(value, at: Array(path.dropFirst()), in: list[index])
    }
    return list
  }
}
