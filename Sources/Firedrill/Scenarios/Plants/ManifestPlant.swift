import DrillCrypto
import DrillModel
import Foundation

/// Changes what a backup says of itself, and who signed that.
///
/// `manifest: BACKUP` with any of: `refresh: true` (sizes and digests as the files now are), `set: {PATH: JSON}` and `remove: [PATH]` in the statement's predicate
/// (`cut.time`, `artifacts.0.name`), and `sign: [KEY]`, the keys that sign anew. Without `sign` the old signatures stay, over what they did not sign; an
/// empty list strips them.
struct ManifestPlant: Plant {
  var backup: String
  var refreshes: Bool
  var set: [String: String]
  var removed: [String]
  var signers: [String]?

  init(_ section: YAMLSection) throws {
    backup = try section.requiredText("manifest")
    refreshes = try section.flag("refresh") ?? false
    set = try section.texts(mappedBy: "set")
    removed = try section.texts("remove") ?? []
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
      if !set.isEmpty || !removed.isEmpty { payload = try edited(payload, in: bench) }
      var envelope = Envelope(payload: payload, signatures: signers == nil ? old.signatures : [])
      for name in signers ?? [] { try envelope.sign(with: try KeyFile.readSigningKey(bench.path(name))) }
      return try envelope.encoded()
    } catch let refusal as StrictJSON.Refusal {
      throw DrillError(.io, subject: "manifest", detail: "cannot be changed: \(refusal)")
    }
  }

  private func edited(_ payload: [UInt8], in bench: ScenarioBench) throws -> [UInt8] {
    var statement = try JSONSerialization.jsonObject(with: Data(payload))
    for (place, text) in set.sorted(by: { $0.key < $1.key }) {
      let value = try JSONSerialization.jsonObject(with: Data(bench.filled(text).utf8), options: .fragmentsAllowed)
      statement = try ManifestPlant.put(value, at: ["predicate"] + path(place), in: statement)
    }
    for place in removed { statement = try ManifestPlant.put(nil, at: ["predicate"] + path(place), in: statement) }
    return Array(
      try JSONSerialization.data(withJSONObject: statement, options: [.sortedKeys, .withoutEscapingSlashes]))
  }

  private func path(_ text: String) -> [String] { text.split(separator: ".").map(String.init) }

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
