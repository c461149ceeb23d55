import DrillEngines
import DrillModel
import Foundation

/// A GnuPG home of a run's own that holds the keys that were put into it: never the person's keyring, nor its agent.
struct GPGHome: Sendable {
  /// A key with its public names: fingerprints of the primary key and of its subkeys, the primary one first.
  struct Key: Hashable, Sendable {
    var fingerprints: [String]
    /// Whether it says so of itself.
    var isRevoked: Bool
  }

  let path: String

  /// Its agent's sockets lie in it. Source: unix(7), `sun_path`, 108 bytes; GnuPG common/homedir.c, `S.gpg-agent.browser`.
  private static let longestPath = 107 - "/S.gpg-agent.browser".utf8.count

  /// - Throws: `DrillError`: `io`, `filter-missing`.
  init(at path: String) throws {
    guard path.utf8.count <= GPGHome.longestPath else {
      throw DrillError(
        .io, subject: "gpg", detail: "the work folder's path is too long for GnuPG's sockets; name a shorter one")
    }
    guard mkdir(path, 0o700) == 0 else {
      throw DrillError(.io, subject: "gpg", detail: "no home can be made for it: \(systemErrorText())")
    }
    self.path = path
  }

  var arguments: [String] { ["--homedir", path, "--batch", "--no-tty", "--no-options", "--no-auto-check-trustdb"] }

  /// - Returns: the keys that are in it then; empty where `material` holds none.
  /// - Throws: `DrillError`: `filter-missing`, `filter-failed`.
  func add(_ material: [UInt8], secret: Bool) async throws -> [Key] {
    var launch = try FilterTools.launch(.gpg, arguments + (secret ? [] : ["--no-autostart"]) + ["--quiet", "--import"])
    launch.input = material
    guard try await FilterTools.said(launch) != nil else { return [] }
    let list = try FilterTools.launch(
      .gpg, arguments + ["--no-autostart", "--with-colons", secret ? "--list-secret-keys" : "--list-keys"])
    return GPGHome.keys(try await FilterTools.said(list) ?? [])
  }

  /// Ends the agent that GnuPG starts for secret keys. Where that fails, it ends once its home is gone.
  func close() async {
    guard let tool = SandboxTools.executable("gpgconf") else { return }
    _ = try? await FilterTools.said(
      FilterTools.limited(tool, ["--homedir", path, "--kill", "gpg-agent"]), within: .seconds(10))
  }

  /// Source: GnuPG doc/DETAILS, "Format of the colon listings": field 1 type, 2 validity (`r` revoked), 10 fingerprint.
  static func keys(_ listing: [String]) -> [Key] {
    listing.reduce(into: []) { keys, line in
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      switch fields.first {
      case "sec", "pub": keys.append(Key(fingerprints: [], isRevoked: fields.count > 1 && fields[1].hasPrefix("r")))
      case "fpr" where fields.count > 9 && !keys.isEmpty: keys[keys.count - 1].fingerprints.append(String(fields[9]))
      default: break
      }
    }.filter { !$0.fingerprints.isEmpty }
  }
}
