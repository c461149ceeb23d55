import DrillCrypto
import DrillModel

/// The archive's own README: how to verify it without this program, what that proves, and what it does not.
struct EvidenceReadme {
  var manifest: EvidenceManifest
  var key: PublicKey
  var hasSignature: Bool
  var isStamped: Bool

  var text: String {
    ([opening, files, verification] + [proven, unproven, keeping]).joined(separator: "\n")
  }

  private var clusters: String {
    manifest.clusters.isEmpty
      ? "every cluster of the ledger" : "cluster \(TerminalText.safe(manifest.clusters.joined(separator: ", ")))"
  }

  private var opening: String {
    """
    # Evidence of restore drills

    What was restored, checked and found from \(manifest.from) up to \(manifest.to), of \(clusters).
    Exported at \(manifest.exportedAt) by \(manifest.tool) from the ledger `\(manifest.log)`, which had \(Format.plural(manifest.size, "leaf", "leaves")) then.

    """
  }

  private var files: String {
    """
    ## What is in it

    | file | what it is |
    |---|---|
    | `report.html`, `reports/` | the period for people |
    | `controls.csv`, `controls.json` | by control: the statements that support it, those against it, what is missing. Nothing here says that a control is satisfied: that is for you to judge |
    | `gaps.csv`, `gaps.json` | drills that should have run and did not, runs that were cut off or looked at too little, oddities of the record |
    | `statements/statements.jsonl` | \(Format.plural(manifest.statements, "statement")), a line each: an in-toto Statement v1 in a DSSE envelope. Statement n is line n |
    | `statements/N.pae`, `.sig` | the bytes of statement N that were signed, and the signature |
    | `ledger/checkpoint`, `.pae`, `.sig` | the signed head of the ledger's tree (C2SP tlog-checkpoint); the bytes that were signed, and the signature |
    | `ledger/leaves/N.json` | leaf N of the ledger, to the byte |
    | `ledger/decisions/N.json` | what a gate decided, in the envelope that it signed, where leaf N records it and the ledger still keeps it; its SHA-256 stands in the leaf as `details` |
    | `ledger/proofs/N.txt` | that leaf N is in the tree (RFC 6962): the hashes beside its path to the root |
    | `ledger/hashes.txt` | the hash of every leaf of the tree |
    | `ledger/consistency.txt` | that the tree of the previous export is a beginning of this one, where there was one |
    | `ledger/excerpt.sqlite` | the leaves that are shown, as a database |
    | `keys/signer.pem` | the key that signed. Being in here, it proves nothing: compare it with one that you got elsewhere |
    | `manifest.json`, `.pae`, `.sig` | what this archive is, and the digests of `SHA256SUMS` and of the signatures over it |
    | `SHA256SUMS` | the digest of every file that is not named in `manifest.json` |

    Keys of the data store are \(manifest.showsKeys ? "shown where a run recorded them" : "nowhere in clear"), values are not recorded at all.

    """
  }

  private var verification: String {
    var parts = [
      """
      ## How to verify it

      With `firedrill`: `firedrill evidence verify FILE --trust KEY` does all of this and more (it also refuses files that nobody named). Without it, `openssl` 3 and
      `sha256sum` are enough. Unpack the archive into an empty folder, go there and start `bash -e`: it ends at the first thing that is wrong. Set `KEY` to the signer's public key **as you got it from somebody else
      than whoever sent you this archive**\(hasSignature ? ", `CA` to the root certificates that you trust" : "")\(isStamped ? ", `TSA_CA` to the root certificates of time-stamp authorities that you trust" : "").

      The key is the one that signed (its SHA-256 is `\(key.keyID)`):

      ```sh
      shopt -s nullglob
      openssl pkey -pubin -in "$KEY" -outform DER | sha256sum | grep -q '^\(key.keyID) '
      cmp <(openssl pkey -pubin -in "$KEY") keys/signer.pem
      ```

      Every file is the one that was listed, and no other is there:

      ```sh
      sha256sum --strict --quiet -c SHA256SUMS
      listed() { cut -c 67- SHA256SUMS; printf '%s\\n' \(outside); }
      diff <(listed | LC_ALL=C sort) <(find . ! -type d -printf '%P\\n' | LC_ALL=C sort)
      ```

      Everything that is signed, is signed by that key: the manifest, the ledger's head, each statement.

      ```sh
      check() { \(verifyCommand) > /dev/null; }
      for signed in manifest.pae ledger/checkpoint.pae statements/*.pae; do check "${signed%.pae}" || exit 1; done
      ```

      The list of digests is the one that the signed manifest names:

      ```sh
      grep -aq "$(sha256sum < SHA256SUMS | cut -c 1-64)" manifest.pae
      ```

      """
    ]
    if hasSignature {
      parts.append(
        """
        The list of digests is signed by the holder of a certificate that leads to a root which you trust:

        ```sh
        openssl cms -verify -binary -inform DER -in SHA256SUMS.cms -content SHA256SUMS -CAfile "$CA" -purpose any -out /dev/null
        grep -aq "$(sha256sum < SHA256SUMS.cms | cut -c 1-64)" manifest.pae
        ```

        """)
    }
    if isStamped {
      let stamped = EvidenceFile.stamped(hasSignature: hasSignature)
      parts.append(
        """
        A time-stamp authority saw `\(stamped)`; the second command says when:

        ```sh
        openssl ts -verify -data \(stamped) -in \(EvidenceFile.reply(for: stamped)) -CAfile "$TSA_CA"
        openssl ts -reply -in \(EvidenceFile.reply(for: stamped)) -text | grep '^Time stamp:'
        openssl ts -verify -queryfile \(EvidenceFile.query(for: stamped)) -in \(EvidenceFile.reply(for: stamped)) -CAfile "$TSA_CA"
        ```

        """)
    }
    return (parts + [treeVerification]).joined(separator: "\n")
  }

  /// The files that the list of digests cannot name.
  private var outside: String {
    let stamped = EvidenceFile.stamped(hasSignature: hasSignature)
    let names =
      [EvidenceFile.sums, EvidenceFile.manifest, "manifest.pae", "manifest.sig"]
      + (hasSignature ? [EvidenceFile.signature] : [])
      + (isStamped ? [EvidenceFile.query(for: stamped), EvidenceFile.reply(for: stamped)] : [])
    return names.joined(separator: " ")
  }

  private var verifyCommand: String {
    switch key.algorithm {
    case .ed25519: #"openssl pkeyutl -verify -pubin -inkey "$KEY" -rawin -in "$1.pae" -sigfile "$1.sig""#
    case .ecdsaP256: #"openssl dgst -sha256 -verify "$KEY" -signature "$1.sig" "$1.pae""#
    }
  }

  private var treeVerification: String {
    let base64 = Base64.encode(manifest.root.bytes)
    var text = """
      Each leaf that is shown is in the tree that was signed. A leaf's hash is SHA-256 of a zero byte and the leaf, a node's that of a one byte and its two
      children (RFC 6962):

      ```sh
      root=$(sed -n 3p ledger/checkpoint.pae | base64 -d | od -An -v -tx1 | tr -d ' \\n')
      node() { printf "$(printf '01%s%s' "$1" "$2" | sed 's/../\\\\x&/g')" | sha256sum | cut -c 1-64; }
      for leaf in ledger/leaves/*.json; do
        name=${leaf##*/}; name=${name%.json}
        hash=$( (printf '\\0'; cat "$leaf") | sha256sum | cut -c 1-64)
        sed -n "$((10#$name + 1))p" ledger/hashes.txt | grep -qx "$hash" || exit 1
        while read -r side sibling; do
          if [ "$side" = left ]; then hash=$(node "$sibling" "$hash"); else hash=$(node "$hash" "$sibling"); fi
        done < "ledger/proofs/$name.txt"
        [ "$hash" = "$root" ] || exit 1
      done
      ```

      A statement about a leaf repeats it to the byte, so `grep -aF` finds the file's text in the statement's `.pae`:

      ```sh
      for leaf in ledger/leaves/*.json; do
        name=${leaf##*/}; name=${name%.json}
        for statement in $(grep -alF "\\"leaf\\":$((10#$name)),\\"log\\"" statements/*.pae /dev/null); do
          grep -aqF -f "$leaf" "$statement" || exit 1
        done
      done
      ```

      """
    text += "\nThe root is `\(manifest.root.hex)`, in base64 `\(base64)`.\n"
    if let previous = manifest.previous { text += "\n" + consistencyVerification(previous) }
    return text
  }

  private func consistencyVerification(_ previous: EvidenceManifest.Head) -> String {
    """
    The tree of the previous export, \(Format.plural(previous.size, "leaf", "leaves")) with the root `\(previous.root.hex)`, is a beginning of this one: nothing that stood in it was
    dropped, changed or dated back. Compare these two figures with `ledger/checkpoint` of the archive that you were given then; if you have it, set `OLD` to
    its `ledger/checkpoint.pae`. (RFC 9162, section 2.1.4.2.)

    ```sh
    old_size=\(previous.size); old_root=\(previous.root.hex); size=\(manifest.size)
    if [ -n "$OLD" ]; then
      [ "$(sed -n 2p "$OLD")" = "$old_size" ]
      [ "$(sed -n 3p "$OLD" | base64 -d | od -An -v -tx1 | tr -d ' \\n')" = "$old_root" ]
    fi
    mapfile -t proof < ledger/consistency.txt
    if [ "$old_size" -eq "$size" ]; then
      [ ${#proof[@]} -eq 0 ]
      [ "$old_root" = "$root" ]
    elif [ "$old_size" -gt 0 ]; then
      if [ $((old_size & (old_size - 1))) -eq 0 ]; then proof=("$old_root" "${proof[@]}"); fi
      fn=$((old_size - 1)); sn=$((size - 1))
      while [ $((fn & 1)) -eq 1 ]; do fn=$((fn >> 1)); sn=$((sn >> 1)); done
      old=${proof[0]}; new=${proof[0]}
      for step in "${proof[@]:1}"; do
        [ $sn -ne 0 ] || exit 1
        if [ $((fn & 1)) -eq 1 ] || [ $fn -eq $sn ]; then
          old=$(node "$step" "$old"); new=$(node "$step" "$new")
          while [ $((fn & 1)) -eq 0 ] && [ $fn -ne 0 ]; do fn=$((fn >> 1)); sn=$((sn >> 1)); done
        else
          new=$(node "$new" "$step")
        fi
        fn=$((fn >> 1)); sn=$((sn >> 1))
      done
      [ $sn -eq 0 ]
      [ "$old" = "$old_root" ]
      [ "$new" = "$root" ]
    fi
    ```

    """
  }

  private var proven: String {
    """
    ## What this proves

    - The files are those that the holder of the key signed\(hasSignature ? ", and the holder of the certificate" : "")\(isStamped ? ", and they existed when the time stamp says" : "").
    - Each leaf shown stands at its place in the one tree whose head was signed. \(manifest.previous == nil ? "There was no export before this one, as far as the ledger knows." : "That tree goes on from the previous export's: between the two, nothing was dropped, changed or dated back.")
    - Whoever holds any other signed head of this ledger (catalogs keep one beside the backups) can hold it against `ledger/hashes.txt`: `firedrill evidence verify
      --previous HEAD`.

    """
  }

  private var unproven: String {
    let withheld = manifest.withheld
    return """
      ## What this does not prove

      - That the drills were honest. A key held by the team that is drilled proves little: it can sign whatever it likes, a ledger that was written anew included. What stands against
        that is a head of the tree, or an archive like this one, that somebody else kept from an earlier time\(isStamped ? ", and the time stamp" : "").
      - Anything of the \(Format.plural(withheld.total, "leaf", "leaves")) of which only the hash is here: by the exporter's word \(withheld.otherClusters) concern other clusters, \(withheld.outsidePeriod) were recorded outside of the period, and
        \(withheld.showingKeys) name keys of the data store (a statement with the keys redacted stands for each of these that lies in the period). To be sure, ask for an export without `--cluster`\(withheld.showingKeys > 0 ? " and with `--show-keys`" : ""), from the beginning.
      - What happened after the last leaf of an earlier head and was removed from the ledger before any head was signed or kept elsewhere.
      - Times. They are those of the machine that ran the drills\(isStamped ? "; only the time stamp's is somebody else's word" : ""). Where they do not follow each other, `gaps.csv` says so.
      - Conclusions (`finding`, `missed-drill`, `policy-change`): they are what \(manifest.tool) concluded from the leaves that each names, and signed.
      - That any control is satisfied.

      """
  }

  private var keeping: String {
    """
    ## How to have the key held elsewhere

    Let somebody who is not drilled hold the key: internal audit, or a machine that only exports. They run `firedrill evidence export` on a copy of the ledger and hold it against the
    heads that catalogs keep (`--anchors`); the drilled team never has the key, and a reviewer adds a second signature over the same digests with `firedrill evidence sign-off`. Keep
    each archive where the drilled team cannot write, and name it as `--previous` at the next export.
    """ + "\n"
  }
}
