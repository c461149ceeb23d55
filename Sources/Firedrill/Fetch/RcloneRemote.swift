import DrillModel
import Foundation

/// A place behind rclone, from the URL or remote that a person wrote.
///
/// ```
/// s3://bucket/prefix              :s3,env_auth:bucket/prefix
/// gs://bucket/prefix              :gcs,env_auth:bucket/prefix
/// az://container/prefix           :azureblob,env_auth:container/prefix
/// sftp://user@host:port/path      :sftp,host=…,user=…,port=…:/path
/// https://host/path               :http,url='https://host/path/':
/// webdavs://host/path             :webdav,url='https://host/path':
/// rclone:NAME:PATH, rclone:NAME   NAME:PATH and NAME:, of rclone's own configuration
/// ```
///
/// A URL's query adds options of the backend: `s3://bucket?endpoint=https://…&provider=Minio`. Secrets are refused in all of them: rclone has its own
/// configuration and environment for those, and this text stands in the ledger.
///
/// Source: rclone.org/docs, "Connection strings"; rclone.org/s3, /googlecloudstorage, /azureblob, /sftp, /http, /webdav.
public struct RcloneRemote: Hashable, Sendable {
  /// As it was written; shown and recorded.
  public let text: String
  /// What rclone takes, without a slash at its end.
  let root: String
  /// Whether nothing can be written there.
  let isReadOnly: Bool

  private static let schemes = ["s3", "gs", "az", "sftp", "http", "https", "webdav", "webdavs", "rclone"]

  /// Nil where the text is a folder of this machine.
  ///
  /// - Throws: `DrillError` with `usage`: a form that means nothing, a secret, or what looks like a remote and is written like a folder.
  public init?(_ text: String) throws {
    func refuse(_ detail: String) -> DrillError { DrillError(.usage, subject: Self.shown(text), detail: detail) }
    guard let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/") else { return nil }
    let scheme = String(text[..<colon])
    self.text = text
    guard Self.schemes.contains(scheme) else {
      if text[colon...].hasPrefix("://") {
        throw refuse(
          "no such kind of catalog; known are \(Self.schemes.map { $0 == "rclone" ? "rclone:NAME:PATH" : $0 + "://" }.joined(separator: ", ")), and any other as a remote of rclone's configuration"
        )
      }
      throw refuse(
        "a remote of rclone's configuration is written rclone:\(Self.shown(text)), and a folder of this name ./\(Self.shown(text))"
      )
    }
    if scheme == "rclone" {
      var remote = String(text[text.index(after: colon)...])
      // A colon at the end would have to be quoted in YAML.
      if !remote.contains(":"), !remote.isEmpty { remote += ":" }
      guard remote.dropFirst().contains(":"), !remote.hasPrefix("-"), !remote.contains(where: \.isNewline) else {
        throw refuse("a remote is written rclone:NAME:PATH, with NAME as `rclone listremotes` has it")
      }
      guard
        !remote.split(separator: ",").dropFirst().contains(where: {
          Self.isSecret($0.split(separator: "=").first ?? "")
        })
      else { throw refuse("a secret has no place here; put it into rclone's configuration or environment") }
      root = Self.trimmed(remote)
      isReadOnly = remote.hasPrefix(":http")
      return
    }
    guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty else {
      throw refuse("this is no URL of the form \(scheme)://HOST/PATH")
    }
    guard url.password == nil, scheme == "sftp" || url.user == nil else {
      throw refuse("a secret has no place here; put it into rclone's configuration or environment")
    }
    var options: [(String, String?)] = []
    for item in url.queryItems ?? [] {
      guard item.name.wholeMatch(of: /[a-z0-9_]+/) != nil else {
        throw refuse("'\(item.name)' is no option of rclone's")
      }
      guard !Self.isSecret(item.name[...]) else {
        throw refuse("a secret has no place here; put '\(item.name)' into rclone's configuration or environment")
      }
      options.append((item.name, item.value))
    }
    var bare = URLComponents()
    bare.host = host
    bare.port = url.port
    bare.percentEncodedPath = url.percentEncodedPath
    let path = Self.trimmed(url.path)
    switch scheme {
    case "s3", "gs", "az":
      let backend = ["s3": "s3", "gs": "gcs", "az": "azureblob"][scheme] ?? scheme
      root = Self.connection(backend, [("env_auth", nil)] + options, host + path)
    case "sftp":
      var own: [(String, String?)] = [("host", host)]
      if let user = url.user { own.append(("user", user)) }
      if let port = url.port { own.append(("port", "\(port)")) }
      // As ssh does: a host that is known has to be that one.
      let known = ("~/.ssh/known_hosts" as NSString).expandingTildeInPath
      if !options.contains(where: { $0.0 == "known_hosts_file" }), FileManager.default.fileExists(atPath: known) {
        own.append(("known_hosts_file", known))
      }
      root = Self.connection("sftp", own + options, path.hasPrefix("/~/") ? String(path.dropFirst(3)) : path)
    case "http", "https":
      bare.scheme = scheme
      let base = bare.string ?? text
      root = Self.connection("http", [("url", base.hasSuffix("/") ? base : base + "/")] + options, "")
    default:
      bare.scheme = scheme == "webdavs" ? "https" : "http"
      root = Self.connection("webdav", [("url", Self.trimmed(bare.string ?? text))] + options, "")
    }
    isReadOnly = scheme == "http" || scheme == "https"
  }

  /// What rclone takes for something below it; the remote itself for "".
  func path(_ relative: String) -> String {
    if relative.isEmpty { return root }
    return root.hasSuffix(":") || root.hasSuffix("/") ? root + relative : root + "/" + relative
  }

  private static func connection(_ backend: String, _ options: [(String, String?)], _ path: String) -> String {
    let words = options.map { name, value in value.map { "\(name)=\(quoted($0))" } ?? name }
    return ":" + ([backend] + words).joined(separator: ",") + ":" + path
  }

  /// Source: rclone.org/docs, "Connection strings": a value with `:` or `,` is quoted, a quote in it doubled.
  private static func quoted(_ value: String) -> String {
    value.allSatisfy { $0.isLetter || $0.isNumber || "._-/@+".contains($0) }
      ? value : "'" + value.replacing("'", with: "''") + "'"
  }

  private static func trimmed(_ path: String) -> String {
    var path = path
    while path.hasSuffix("/"), path.count > 1 { path.removeLast() }
    return path == "/" ? "" : path
  }

  /// Whether an option of rclone's may be one that nobody else should read; names of files and switches are none.
  private static func isSecret(_ name: Substring) -> Bool {
    let harmless = [
      "key_file", "pubkey_file", "key_use_agent", "access_key_id", "env_auth", "auth_url", "auth_version",
    ]
    let words = [
      "pass", "secret", "token", "key", "sas", "credential", "connection_string", "auth", "cookie", "headers",
    ]
    return !harmless.contains(String(name)) && words.contains { name.contains($0) }
  }

  /// Without what stands before an `@`, which may hold a password, and without options.
  private static func shown(_ text: String) -> String {
    var text = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
    if let start = text.firstRange(of: "://"), let at = text.lastIndex(of: "@"), start.upperBound < at {
      text.replaceSubrange(start.upperBound...at, with: "…@")
    }
    return text.contains(",") ? String(text.prefix { $0 != "," }) + ",…" : text
  }
}
