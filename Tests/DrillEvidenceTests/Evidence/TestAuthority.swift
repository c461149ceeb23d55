import DrillCrypto
import DrillEvidence
import DrillModel
import Foundation
import Testing

/// A certificate authority and a time-stamp authority of the openssl on this machine, in a folder of their own.
struct TestAuthority {
  var folder: String

  var roots: CertificateChain { get throws { try chain("root.pem") } }
  var strangers: CertificateChain { get throws { try chain("stranger.pem") } }

  /// - Parameter folder: emptied by whoever made it.
  init(in folder: String) throws {
    self.folder = folder + "/pki"
    try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: false)
    let ending = try Shell.run(
      """
      new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key "${@:2}"; }
      new root -x509 -out root.pem -subj "/CN=Root" -days 3650
      new stranger -x509 -out stranger.pem -subj "/CN=Stranger" -days 3650
      issue() { openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -out $1.pem -days $3 -extfile <(printf "$4"); }
      new mid -out mid.csr -subj "/CN=Between"
      issue mid root 3650 'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign'
      new auditor -out auditor.csr -subj "/CN=Auditor"
      issue auditor mid 30 'keyUsage=critical,digitalSignature'
      openssl req -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.csr -subj "/CN=Auditor"
      issue rsa mid 30 'keyUsage=critical,digitalSignature'
      new sealer -out sealer.csr -subj "/CN=Encrypts only"
      issue sealer mid 30 'keyUsage=critical,keyAgreement'
      cat auditor.pem mid.pem > auditor-chain.pem
      cat rsa.pem mid.pem > rsa-chain.pem
      cat sealer.pem mid.pem > sealer-chain.pem
      new tsa -out tsa.csr -subj "/CN=Stamps"
      issue tsa root 3650 'keyUsage=critical,digitalSignature\\nextendedKeyUsage=critical,timeStamping'
      printf '[tsa]\\ndefault_tsa=t\\n[t]\\nserial=serial\\ncrypto_device=builtin\\nsigner_cert=tsa.pem\\nsigner_key=tsa.key\\ncerts=root.pem\\nsigner_digest=sha256\\ndefault_policy=1.2.3.4\\ndigests=sha256\\n' > tsa.cnf
      echo 01 > serial
      """, in: self.folder)
    try #require(ending.status == 0, "\(ending.output)")
  }

  func chain(_ name: String) throws -> CertificateChain { try CertificateChain(pem: bytes(name)) }

  func document(_ name: String) throws -> EvidenceSeal.Document {
    EvidenceSeal.Document(key: try DocumentKey(pem: bytes(name + ".key")), chain: try chain(name + "-chain.pem"))
  }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
  }

  /// What the authority answers to a query.
  func stamp(_ request: TimeStampRequest) throws -> [UInt8] {
    try Data(request.bytes).write(to: URL(fileURLWithPath: folder + "/query"))
    let ending = try Shell.run(
      "openssl ts -reply -config tsa.cnf -queryfile query -out reply 2> /dev/null", in: folder)
    try #require(ending.status == 0, "\(ending.output)")
    return try bytes("reply")
  }
}
