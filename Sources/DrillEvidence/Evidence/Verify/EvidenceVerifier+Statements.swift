import DrillCrypto
import DrillModel

extension EvidenceVerifier {
  /// The statements that the signer signed, in their order.
  mutating func statements(_ manifest: EvidenceManifest) -> [JSONText] {
    guard let bytes = file(EvidenceFile.statements), bytes.isEmpty || bytes.last == 0x0a else {
      report(.statementUnreadable, EvidenceFile.statements, "the statements are missing or end within a line")
      return []
    }
    var statements: [JSONText] = []
    var names: Set<String> = [EvidenceFile.statements]
    for (index, line) in bytes.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast().enumerated() {
      let place = EvidenceVerifier.place(index + 1)
      guard let envelope = try? Envelope(parsing: Array(line)), (try? envelope.encoded()) == Array(line) + [0x0a],
        envelope.payloadType == Envelope.inToto, let payload = try? JSONText(parsing: envelope.payload),
        payload["_type"]?.string == "https://in-toto.io/Statement/v1", payload["predicate"] != nil
      else {
        report(.statementUnreadable, place, "not an in-toto statement in an envelope of the one form")
        continue
      }
      guard signer(of: envelope) == signer else {
        report(.statementUntrusted, place, "the signer of the manifest did not sign this statement")
        continue
      }
      let name = EvidenceFile.statement(index + 1)
      names.formUnion([EvidenceFile.signed(name), EvidenceFile.rawSignature(name)])
      parts(SignedParts(envelope), name)
      statements.append(payload)
    }
    result.statements = statements.count
    if statements.count != manifest.statements {
      report(
        .statementMissing, EvidenceFile.statements,
        "\(manifest.statements) statements are named, \(statements.count) stand there")
    }
    for name in opened.files.keys.sorted() where name.hasPrefix("statements/") && !names.contains(name) {
      report(.fileUnexpected, name, "\(name) belongs to no statement")
    }
    return statements
  }

  /// Holds statements, leaves and proofs against each other and against the tree.
  mutating func leaves(_ manifest: EvidenceManifest, _ hashes: [Digest], _ statements: [JSONText]) {
    let stated = stated(statements, hashes)
    let scope = EvidenceScope(
      from: manifest.from, to: manifest.to, clusters: Set(manifest.clusters), previousSize: manifest.previous?.size)
    for (number, hash) in hashes.enumerated() {
      guard let bytes = file(EvidenceFile.leaf(number)) else {
        if stated.contains(number) { proof(number, hash, manifest) }
        continue
      }
      result.leavesShown += 1
      guard let leaf = RawLeaf(leaf: number, statement: bytes), leaf.hash == hash else {
        report(
          .leafDiffers, EvidenceFile.leaf(number), "leaf \(number) does not have the hash that stands in the tree")
        continue
      }
      if scope.states(leaf), !stated.contains(number) {
        report(
          .statementMissing, EvidenceFile.leaf(number), "leaf \(number) lies in the period, and no statement repeats it"
        )
      }
      if let decision = file(EvidenceFile.decision(number)), leaf.details != SHA256.digest(decision) {
        report(
          .leafDiffers, EvidenceFile.decision(number), "the decision is not the one whose digest leaf \(number) states")
      }
      proof(number, hash, manifest)
    }
    strays(hashes.count, stated)
    withheld(manifest, hashes.count - result.leavesShown)
  }

  /// The leaves that statements are about, each of which must be what its statement says.
  private mutating func stated(_ statements: [JSONText], _ hashes: [Digest]) -> Set<Int> {
    var stated: Set<Int> = []
    for (index, statement) in statements.enumerated() {
      guard let leaf = statement["predicate"]?["leaf"] else {
        let missed = EvidenceStatement.predicateType(EvidenceConclusions.missedKind)
        if statement["predicateType"]?.string == missed { result.runs.missed += 1 }
        continue
      }
      let place = EvidenceVerifier.place(index + 1)
      guard case .number(let digits) = leaf, let number = Int(digits), hashes.indices.contains(number),
        stated.insert(number).inserted
      else {
        report(.statementDiffers, place, "it is about no leaf of the tree, or about one that was stated before")
        continue
      }
      hold(statement, against: number, hashes[number], place)
    }
    return stated
  }

  private mutating func hold(_ statement: JSONText, against number: Int, _ hash: Digest, _ place: String) {
    let predicate = statement["predicate"]
    guard predicate?["hash"]?.string == hash.hex, predicate?["log"]?.string == result.manifest?.log,
      let recorded = predicate?["recorded"], let kind = recorded["kind"]?.string,
      statement["predicateType"]?.string == EvidenceStatement.predicateType(kind)
    else {
      report(.statementDiffers, place, "it is not about leaf \(number) of this tree")
      return
    }
    if kind == LeafKind.run.rawValue {
      switch recorded["body"]?["verdict"]?.string.flatMap({ Verdict(rawValue: $0) }) {
      case .pass?: result.runs.pass += 1
      case .inconclusive?: result.runs.inconclusive += 1
      case .fail?: result.runs.fail += 1
      case nil: report(.statementDiffers, place, "it is about a run without a verdict")
      }
    }
    let isRedacted = predicate?["redacted"] == .bool(true)
    guard let bytes = file(EvidenceFile.leaf(number)) else {
      if !isRedacted { report(.fileMissing, EvidenceFile.leaf(number), "leaf \(number) is stated and not shown") }
      return
    }
    if isRedacted || (try? JSONText(parsing: bytes)) != recorded {
      report(.statementDiffers, place, "it does not repeat leaf \(number)")
    }
  }

  private mutating func proof(_ number: Int, _ hash: Digest, _ manifest: EvidenceManifest) {
    let name = EvidenceFile.proof(number)
    guard let steps = file(name).flatMap({ LogText.proof($0) }),
      MerkleProof.verifies(
        inclusionOf: hash, at: UInt64(number), size: UInt64(manifest.size), root: manifest.root,
        proof: steps.map(\.sibling))
    else {
      report(.proofInvalid, name, "leaf \(number) is not shown to be in the tree")
      return
    }
    // The sides follow from the leaf's number; a shell that goes by the file believes them, so they must be right.
    let root = steps.reduce(hash) {
      $1.isLeft ? MerkleTree.nodeDigest($1.sibling, $0) : MerkleTree.nodeDigest($0, $1.sibling)
    }
    if root != manifest.root { report(.proofInvalid, name, "the sides in the proof of leaf \(number) are wrong") }
  }

  /// Leaves and proofs that belong to nothing.
  private mutating func strays(_ size: Int, _ stated: Set<Int>) {
    let folders = ["ledger/leaves/", "ledger/proofs/", "ledger/decisions/"]
    for name in opened.files.keys.sorted() where folders.contains(where: { name.hasPrefix($0) }) {
      let number = Int(name.drop { !$0.isNumber }.prefix { $0.isNumber }) ?? -1
      let isKnown = [EvidenceFile.leaf(number), EvidenceFile.proof(number), EvidenceFile.decision(number)].contains(
        name)
      let isOfALeaf = (0..<size).contains(number) && (file(EvidenceFile.leaf(number)) != nil || stated.contains(number))
      if !isKnown || !isOfALeaf { report(.fileUnexpected, name, "\(name) belongs to no leaf of the tree") }
    }
  }

  private mutating func withheld(_ manifest: EvidenceManifest, _ found: Int) {
    let withheld = manifest.withheld
    if found != withheld.total {
      report(.withheldDiffers, nil, "\(found) leaves are withheld, \(withheld.total) are said to be")
    }
    let unseen = withheld.otherClusters + withheld.outsidePeriod
    if unseen > 0 {
      result.notExamined.append(
        "\(Format.plural(unseen, "leaf", "leaves")) of which only the hash is here: by the exporter's word, \(withheld.otherClusters) of other clusters and \(withheld.outsidePeriod) of other times"
      )
    }
    if withheld.showingKeys > 0 {
      result.notExamined.append(
        "\(Format.plural(withheld.showingKeys, "leaf", "leaves")) that name keys of the data store: their statements repeat them redacted, by the exporter's word"
      )
    }
  }

  private static func place(_ number: Int) -> String { "\(EvidenceFile.statements), line \(number)" }
}
