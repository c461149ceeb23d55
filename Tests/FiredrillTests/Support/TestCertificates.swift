import Foundation
import Testing

/// Certificates of authorities that this test made with the machine's openssl.
struct TestCertificates: Sendable {
  let folder: String

  var authority: String { folder + "/ca.pem" }
  /// An authority that has issued nothing.
  var stranger: String { folder + "/stranger.pem" }
  /// For `redis.test` and 127.0.0.1, a month; `NAME.pem` and `NAME.key`.
  static let good = "good"
  /// Ended yesterday.
  static let expired = "expired"
  /// For `other.test` alone.
  static let misnamed = "misnamed"
  /// Ends in ten days.
  static let ending = "ending"
  /// A client's; `sealed.key` is its key, encrypted with `secret`.
  static let client = "client"

  /// - Parameter folder: made here.
  init(in folder: String) throws {
    self.folder = folder
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let script = """
      set -e
      key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
      root() { key $1; openssl req -x509 -new -key $1.key -subj "/CN=$2" -days 90 -out $1.pem; }
      root ca TestAuthority
      root stranger Stranger
      issue() {
        key $1
        openssl req -new -key $1.key -subj "/CN=$1" -out $1.csr
        printf "subjectAltName=$2\\n" > $1.ext
        openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days $3 -extfile $1.ext -out $1.pem
      }
      issue good DNS:redis.test,IP:127.0.0.1 60
      issue expired DNS:redis.test,IP:127.0.0.1 -1
      issue misnamed DNS:other.test 60
      issue ending DNS:redis.test,IP:127.0.0.1 10
      issue client DNS:firedrill.test 60
      openssl pkcs8 -topk8 -in client.key -passout pass:secret -out sealed.key
      """
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/bash")
    shell.arguments = ["-c", script]
    shell.currentDirectoryURL = URL(fileURLWithPath: folder)
    shell.standardOutput = FileHandle.nullDevice
    shell.standardError = FileHandle.nullDevice
    try shell.run()
    shell.waitUntilExit()
    try #require(shell.terminationStatus == 0, "openssl could not make certificates")
  }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// What a server that speaks TLS with the certificate `name` is told.
  func options(_ name: String) -> [String] {
    [
      "tls-cert-file \(path(name)).pem", "tls-key-file \(path(name)).key", "tls-ca-cert-file \(authority)",
    ]
  }
}
