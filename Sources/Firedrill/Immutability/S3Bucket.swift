import Foundation

/// The bucket that a catalog `s3://BUCKET/PREFIX?endpoint=…&region=…` lies in.
struct S3Bucket: Hashable, Sendable {
  var name: String
  /// Before each backup's name; empty, or it ends in `/`.
  var prefix: String
  var endpoint: String?
  var region: String?

  /// Nil where the remote is written otherwise: what a remote of rclone's configuration is only rclone knows.
  init?(_ remote: RcloneRemote) {
    guard let url = URLComponents(string: remote.text), url.scheme == "s3", let host = url.host else { return nil }
    name = host
    let path = url.path.split(separator: "/").joined(separator: "/")
    prefix = path.isEmpty ? "" : path + "/"
    func option(_ name: String) -> String? { url.queryItems?.first { $0.name == name }?.value }
    endpoint = option("endpoint").map { $0.contains("://") ? $0 : "https://\($0)" }
    region = option("region")
  }
}
