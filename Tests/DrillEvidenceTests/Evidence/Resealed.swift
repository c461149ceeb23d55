import DrillCrypto
import DrillEvidence
import DrillModel

/// An archive as a dishonest holder of its key would make it anew: other files, and every digest and signature over them right again.
struct Resealed {
  private let bytes: [UInt8]
  private let key: SigningKey

  init(_ bytes: [UInt8], with key: SigningKey) {
    self.bytes = bytes
    self.key = key
  }

  func archive(_ change: (inout [String: [UInt8]]) throws -> Void) throws -> [UInt8] {
    var files = try SampleEvidence.files(bytes)
    let old = try Envelope(parsing: files["manifest.json"] ?? [])
    try change(&files)
    let isOutside = { (name: String) in name.hasPrefix("SHA256SUMS") || name.hasPrefix("manifest.") }
    let sums = files.keys.filter { !isOutside($0) }.sorted().map { "\(SHA256.digest(files[$0] ?? []).hex)  \($0)\n" }
    let isSame = files["SHA256SUMS"] == Array(sums.joined().utf8)
    files["SHA256SUMS"] = Array(sums.joined().utf8)
    // A list that differs is no longer what the certificate's holder signed: those signatures go.
    if !isSame { for name in files.keys where name.hasPrefix("SHA256SUMS.") { files[name] = nil } }
    var statement = try Statement<EvidenceManifest>(
      payload: old.payload, predicateType: EvidenceManifest.predicateType)
    statement.subjects = files.keys.filter { $0.hasPrefix("SHA256SUMS") }.sorted().map {
      .init(name: $0, sha256: SHA256.digest(files[$0] ?? []))
    }
    let envelope = try statement.sealed(with: [key])
    files["manifest.json"] = try envelope.encoded()
    files["manifest.pae"] = Envelope.preAuthenticationEncoding(type: envelope.payloadType, body: envelope.payload)
    files["manifest.sig"] = envelope.signatures[0].bytes
    return TarArchive.encode(files.map { TarEntry($0.key, $0.value) }, time: try TarArchive.decode(bytes).time)
  }
}
