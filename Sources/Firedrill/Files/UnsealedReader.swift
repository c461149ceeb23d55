import DrillModel

/// Reads what a drill says of a backup that nobody sealed.
struct UnsealedReader {
  let texts: FileTexts
  /// The drill file's name.
  let name: String

  func selection(_ path: String, _ section: YAMLSection) throws -> UnsealedSelection {
    var selection = UnsealedSelection(path: path == "latest" ? nil : path)
    if path.hasPrefix("~") { selection.path = texts.absolute(path) }
    if let topology = try section.text("topology") {
      let file = texts.sibling(of: name, topology)
      let text = try texts.text(file)
      selection.statement.topology = try TopologyFile.read(text, file: file, engine: Engines().readingTopology(text))
    }
    selection.statement.paths = try section.texts(mappedBy: "shards")
    selection.statement.hasNoSlotMap = try section.choice("slot_map", of: SlotMap.self) == SlotMap.none
    if let cut = try section.text("cut") {
      guard let instant = Instant(parsing: cut) else {
        throw section.refuse("cut", "'cut' must be an ISO 8601 time such as 2026-01-31T04:00:00Z")
      }
      selection.cut = instant
    }
    let (list, signature) = (try section.text("digests"), try section.text("digests_signature"))
    let key = try section.text("digests_key").map(texts.absolute)
    if let list {
      guard (signature == nil) == (key == nil) else {
        throw section.refuse(
          "digests", "a signature below digests needs the public key of its signer, and the key needs the signature")
      }
      selection.digests = try DigestsSource(list: list, signature: signature, key: key)
    } else if signature != nil || key != nil {
      throw section.missing(["digests"], "a signature is below a list that 'digests' names")
    }
    return selection
  }

  /// What an unsealed backup needs of the rest of the file.
  func check(_ drill: DrillFile, _ selection: UnsealedSelection, _ file: YAMLSection) throws {
    guard drill.production == nil else {
      throw file.refuse("production", "a production that is made for the drill is captured, and its backup sealed")
    }
    guard drill.catalog != nil || drill.remoteCatalog != nil || selection.path?.hasPrefix("/") == true else {
      throw file.missing(["catalog"], "the drill needs 'catalog', the folder in which the unsealed backup lies")
    }
  }

  private enum SlotMap: String, CaseIterable { case none }
}
