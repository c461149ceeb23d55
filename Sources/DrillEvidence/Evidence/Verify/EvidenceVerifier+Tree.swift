import DrillCrypto
import DrillModel

extension EvidenceVerifier {
  /// The hashes of all leaves, where they make the tree whose head the signer signed.
  mutating func tree(_ manifest: EvidenceManifest) -> [Digest]? {
    guard let signer, let bytes = file(EvidenceFile.checkpoint),
      let head = TreeHead(verifying: bytes, trusted: [signer])
    else {
      report(.checkpointUntrusted, EvidenceFile.checkpoint, "the signer of the manifest did not sign the ledger's head")
      return nil
    }
    parts(SignedParts(signedHead: bytes), EvidenceFile.checkpoint)
    guard head.origin == manifest.log, head.size == UInt64(clamping: manifest.size), head.root == manifest.root else {
      report(.treeDiffers, EvidenceFile.checkpoint, "the signed head is not that of the tree that the manifest names")
      return nil
    }
    guard let hashes = file(EvidenceFile.hashes).flatMap({ LogText.hashes($0) }), hashes.count == manifest.size,
      MerkleTree(leaves: hashes).root == manifest.root
    else {
      report(.treeDiffers, EvidenceFile.hashes, "the hashes do not make the tree whose head was signed")
      return nil
    }
    consistency(manifest)
    return hashes
  }

  private mutating func consistency(_ manifest: EvidenceManifest) {
    let name = EvidenceFile.consistency
    guard let previous = manifest.previous else {
      if file(name) != nil {
        report(.consistencyInvalid, name, "there is a proof, but no export before this one is named")
      }
      return
    }
    guard let proof = file(name).flatMap({ LogText.hashes($0) }), previous.size >= 0,
      MerkleProof.verifies(
        consistencyFrom: UInt64(previous.size), oldRoot: previous.root, to: UInt64(manifest.size),
        newRoot: manifest.root, proof: proof)
    else {
      report(.consistencyInvalid, name, "the previous export's tree is not shown to be a beginning of this one")
      return
    }
    result.heads.append(previous.size)
  }

  /// Holds heads that somebody kept from an earlier time against the tree.
  mutating func previous(_ manifest: EvidenceManifest, _ hashes: [Digest]) {
    for given in trust.previous {
      let name = given.name
      guard let (head, isBelieved) = EvidenceVerifier.head(given.bytes, trust.keys), head.origin == manifest.log else {
        report(.previousUnusable, name, "\(name) is not a head of the ledger \(manifest.log)")
        continue
      }
      guard isBelieved else {
        report(.previousUnusable, name, "\(name) is signed, but by no key that is trusted here")
        continue
      }
      let size = Int(clamping: head.size)
      guard size <= hashes.count else {
        report(
          .previousBeyond, name,
          "\(name) counts \(size) leaves, this archive's tree has \(hashes.count): its end was cut off, or this is an older archive"
        )
        continue
      }
      guard MerkleTree(leaves: hashes.prefix(size)).root == head.root else {
        report(
          .previousDiffers, name,
          "the tree does not begin with the \(size) leaves of \(name): something was dropped, changed or dated back")
        continue
      }
      result.heads.append(size)
    }
  }

  /// The head that a checkpoint or an archive holds, and whether it may be believed: signed by a trusted key, or plain, when whoever kept it vouches for it.
  static func head(_ bytes: [UInt8], _ keys: [PublicKey]) -> (head: TreeHead, isBelieved: Bool)? {
    let archive = try? TarArchive.decode(bytes)
    let checkpoint = archive.map { $0.entries.first { $0.name == EvidenceFile.checkpoint }?.bytes } ?? bytes
    guard let checkpoint else { return nil }
    let anchored = AnchoredHead(place: "", bytes: checkpoint)
    return anchored.head.map { ($0, !anchored.isSigned || anchored.signer(among: keys) != nil) }
  }
}
