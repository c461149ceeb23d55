import DrillEngines
import DrillModel

/// Why a filter did not decode: told by its exit status, and by what is documented of its messages.
enum FilterFailure: Sendable {
  /// The key that it was given is none that its input was encrypted to.
  case noKey
  /// The key is one of those, and does not open it.
  case refused(String)
  case damaged(String)
  /// For a reason of this machine's.
  case ours(DrillError)

  init(_ filter: String, _ end: FilterPipe.End) {
    let lines = end.lines
    func said(_ words: String...) -> Bool { lines.contains { line in words.contains { line.contains($0) } } }
    func failed(_ detail: String) -> FilterFailure {
      .ours(DrillError(.filterFailed, subject: filter, detail: detail))
    }
    switch end.ending {
    case .signalled(let signal):
      self = failed("it was ended by signal \(signal)")
      return
    case .exited(126), .exited(127):
      self = failed("it cannot be started")
      return
    case .exited: break
    }
    if said("out of memory", "Cannot allocate memory", "cannot allocate memory", "too much memory", "prlimit:") {
      self = failed("it needs more memory than it may take")
      return
    }
    let message = lines.last { !$0.isEmpty && !$0.contains("report unexpected or unhelpful errors") } ?? "it failed"
    switch FilterTools.Builtin(rawValue: filter) {
    case .age:
      // Source: age 1.1.1 age.go, NoIdentityMatchError.
      self = said("no identity matched any of the recipients") ? .noKey : .damaged(String(message.prefix(160)))
    case .gpg: self = FilterFailure.gpg(lines)
    case .cms:
      // Source: OpenSSL 3.0 apps/cms.c and apps/lib/apps.c (load_key).
      if said("Error decrypting CMS using private key") {
        self = .noKey
      } else if said("Could not read", "maybe wrong password") {
        self = .refused("the key cannot be unlocked")
      } else {
        self = .damaged("the message cannot be read, or does not authenticate")
      }
    case .zstd, .gzip, .lz4: self = .damaged(String(message.prefix(160)))
    case nil:
      // Source: sysexits(3): EX_UNAVAILABLE, EX_TEMPFAIL, EX_NOPERM.
      switch end.ending {
      case .exited(69), .exited(75): self = failed("its program says that it cannot do it now")
      case .exited(77): self = .noKey
      case .exited(let status): self = .damaged("its program ended with status \(status)")
      case .signalled: self = .damaged("its program failed")
      }
    }
  }

  /// Source: GnuPG doc/DETAILS, "Format of the --status-fd output".
  private static func gpg(_ lines: [String]) -> FilterFailure {
    func status(_ name: String) -> Bool { lines.contains { $0.hasPrefix("[GNUPG:] \(name)") } }
    if status("DECRYPTION_KEY") { return .damaged("the message is broken off, or does not authenticate") }
    if status("ERROR pkdecrypt_failed") || status("BAD_PASSPHRASE") || status("MISSING_PASSPHRASE") {
      return .refused("the key, or its passphrase, is another one")
    }
    if status("NO_SECKEY") { return .noKey }
    return .damaged("this is no OpenPGP message")
  }

  /// The key that opened a message, as GnuPG says: the primary key's fingerprint.
  static func gpgKey(_ lines: [String]) -> String? {
    lines.first { $0.hasPrefix("[GNUPG:] DECRYPTION_KEY ") }.flatMap { line in
      let words = line.split(separator: " ")
      return words.count > 3 ? String(words[3]) : nil
    }
  }
}
