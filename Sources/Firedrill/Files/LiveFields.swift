import DrillModel
import Foundation
import Yams

/// The fields of a cluster file that say how live Redis servers are reached and who we are to them.
enum LiveFields {
  /// A user and its password, which comes from a file, the environment or a command; never from the YAML itself, which the ledger
  /// keeps.
  static func login(
    _ auth: YAMLSection, _ absolute: (String) -> String
  ) throws -> (user: String?, password: Secret?) {
    let user = try auth.text("user")
    return (user, try secret(auth, "password", absolute))
  }

  /// `tls: true`, or a section.
  static func tls(_ file: YAMLSection, _ absolute: (String) -> String) throws -> TLSSettings? {
    guard let node = file.node("tls") else { return nil }
    if let isOn = node.bool { return isOn ? TLSSettings() : nil }
    let section = try file.section(node, "'tls'")
    var settings = TLSSettings()
    settings.authorities = try section.text("ca").map(absolute)
    settings.certificate = try section.text("cert").map(absolute)
    settings.key = try section.text("key").map(absolute)
    settings.serverName = try section.text("server_name")
    settings.verification = try section.choice("verify", of: TLSSettings.Verification.self) ?? .full
    settings.keyPassword = try secret(section, "key_password", absolute)
    if settings.key != nil || settings.keyPassword != nil, settings.certificate == nil {
      throw section.refuse("key", "a key belongs to a certificate: name it in 'cert'")
    }
    try section.finish()
    return settings
  }

  /// `addresses: {"announced": "reachable"}`, both host:port or both a host.
  static func addresses(_ file: YAMLSection) throws -> AddressMap {
    var map = AddressMap()
    for (announced, reachable) in try file.texts(mappedBy: "addresses") {
      switch (Endpoint(parsing: announced), Endpoint(parsing: reachable)) {
      case (let from?, let to?): map.endpoints[from] = to
      case (nil, nil) where !announced.isEmpty && !reachable.isEmpty: map.hosts[bare(announced)] = bare(reachable)
      default:
        throw file.refuse(
          "addresses",
          "'addresses' lead from host:port to host:port, or from a host to a host, not from '\(announced)' to '\(reachable)'"
        )
      }
    }
    return map
  }

  /// An IPv6 address may stand in brackets, as it does before a port.
  private static func bare(_ host: String) -> String {
    host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
  }

  static func sentinel(
    _ file: YAMLSection, isWanted: Bool, _ absolute: (String) -> String
  ) throws -> SentinelSettings? {
    guard isWanted else {
      for field in ["masters", "sentinel_auth"] where file.has(field) {
        throw file.refuse(field, "'\(field)' is for 'mode: sentinel'")
      }
      return nil
    }
    var settings = SentinelSettings(masters: try file.texts("masters") ?? [])
    if let auth = try file.section("sentinel_auth") {
      (settings.username, settings.password) = try login(auth, absolute)
      try auth.finish()
    }
    return settings
  }

  /// The secret `name`, from the one of `name_file`, `name_env` and `name_command` that is there; nil where none is.
  private static func secret(
    _ section: YAMLSection, _ name: String, _ absolute: (String) -> String
  ) throws -> Secret? {
    let (file, variable, command) = ("\(name)_file", "\(name)_env", "\(name)_command")
    let (path, environment, words) = (
      try section.text(file), try section.text(variable), try section.texts(command)
    )
    let sources = [(file, path != nil), (variable, environment != nil), (command, words != nil)].filter(\.1).map(\.0)
    guard sources.count <= 1 else {
      throw section.refuse(sources[1], "a password is in '\(sources[0])' or in '\(sources[1])', not in both")
    }
    if let path {
      guard let text = try? String(contentsOfFile: absolute(path), encoding: .utf8) else {
        throw DrillError(
          .keyUnreadable, subject: path, detail: "the password file cannot be read; see its name and its mode")
      }
      return Secret(String(text.prefix { $0 != "\n" }))
    }
    if let environment {
      guard let value = ProcessInfo.processInfo.environment[environment] else {
        throw DrillError(
          .keyUnreadable, subject: environment,
          detail: "this environment variable, which should hold the password, is not set")
      }
      return Secret(value)
    }
    if let words {
      guard !words.isEmpty else { throw section.refuse(command, "'\(command)' is a program with its arguments") }
      return Secret(try SecretCommand.run(words, in: absolute(".")))
    }
    return nil
  }
}
