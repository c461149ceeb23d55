import DrillModel

extension PlaybookPage {
  /// Findings about what is stored encoded, and about the keys that open it.
  static func encoding(_ code: FindingCode) -> PlaybookPage? {
    func page(_ confirm: [String], _ act: [String]) -> PlaybookPage {
      PlaybookPage(code, confirm: confirm, act: act, ends: endsWithSameBackup)
    }
    switch code {
    case .keyMissing:
      return page(
        [
          "The finding names the key that is wanted and those that were tried; `firedrill inspect BACKUP --catalog CATALOG` names it for each artifact.",
          "Does it say that a key cannot be had? Then the drill names it, and the machine that recovers does not reach it.",
          "Try it by hand with the key from safe keeping: `firedrill check BACKUP --trust KEY.pub --identity FILE`.",
        ],
        [
          "Bring the key to where recovery reaches it, and name it under `keys: {identities: …}`; nothing that production alone can reach counts.",
          "If it cannot be found, no backup that was encrypted to it alone will ever restore: take a full backup now, encrypted to a key that is in safe keeping.",
          "Encrypt to two recipients whose keys are kept in two places.",
        ])
    case .keyWrong:
      return page(
        [
          "With an OpenPGP or PEM key: is it the passphrase? It is the first line of what `passphrase` names.",
          "Does a backup of another day open with the same key? Then this one was encrypted to another key than its manifest says.",
          "Compare the key with the one in safe keeping: `age-keygen -y FILE`, `gpg --show-keys FILE`, `openssl x509 -in FILE -noout -fingerprint -sha256`.",
        ],
        [
          "Put the right key, or the right passphrase, in its place and run the drill again.",
          "If key and passphrase are right, treat the backup as damaged or tampered with: use another one, and look at what encrypted it.",
        ])
    case .keyRevoked:
      return page(
        [
          "Was the backup made before the key was revoked, or does a job still encrypt to it? Its cut tells.",
          "Is the key under `revoked` in the drill, or was it revoked in the OpenPGP key itself?",
        ],
        [
          "Take a full backup that is encrypted to a valid key, and drill it.",
          "Change the recipients of the backup job if it still names the revoked key.",
          "Keep the revoked key in safe keeping for as long as a backup that retention wants needs it.",
        ])
    case .encodingDamaged:
      return page(
        [
          "The stored bytes are what was sealed, so that the storage is not to blame: the damage was there when it was sealed.",
          "By hand: `zstd -t FILE`, `gzip -t FILE`, `age -d -i KEY FILE > /dev/null`; the tool should stumble too.",
        ],
        [
          "Use an earlier backup, or another link's full one.",
          "See whether the job that encodes was killed, or its disk was full, before the manifest was sealed; seal only after the tool ended well.",
        ])
    case .encodingOversized:
      return page(
        [
          "The finding says how many bytes were sealed. `zstd -l FILE` and `gzip -l FILE` say what the stream itself claims, and may lie.",
          "Who sealed the backup? `firedrill inspect BACKUP` names the key.",
        ],
        [
          "Do not unpack it on a machine whose disk others need.",
          "Treat it as tampered with: a stream that is longer than what was encoded was made by something else.",
          "Use another backup, and find out who could write to the catalog and sign.",
        ])
    default: return nil
    }
  }
}
