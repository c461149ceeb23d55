import DrillModel

extension PlaybookPage {
  static let endsWithSameBackup =
    "A later run over the same backup that looked here again and found nothing. If the backup is deleted, nobody can look: `firedrill findings withdraw ID --why …`."

  /// Findings about the bytes as they are stored, before anything is decoded.
  static func stored(_ code: FindingCode) -> PlaybookPage? {
    func page(_ confirm: [String], _ act: [String]) -> PlaybookPage {
      PlaybookPage(code, confirm: confirm, act: act, ends: endsWithSameBackup)
    }
    switch code {
    case .backupMissing:
      return PlaybookPage(
        code,
        confirm: [
          "`firedrill catalog list CATALOG`: is there a backup of this cluster, and how old is the newest cut?",
          "Is the catalog's folder the right one, and is it mounted? An empty mount point looks like a catalog without backups.",
          "Does the drill's `backup:` name an id, a time or a checkpoint for which there can be a backup? `firedrill chain check CATALOG` says from when to when each chain reaches.",
        ],
        act: [
          "Read the backup job's log: it may have failed for nights without anyone seeing.",
          "Take a backup now: `firedrill capture CLUSTER.yaml --to CATALOG --key KEY`.",
          "See whether retention deleted what the drill names; then change the drill, not the retention.",
          "Until there is a newer one, the newest backup that passed is all that you have: find it with `firedrill ledger list --cluster CLUSTER`.",
        ], ends: "The next run of the same drill that finds its backup.")
    case .retentionBreaksChain:
      return PlaybookPage(
        code,
        confirm: [
          "`firedrill retention check CATALOG --rule RULE.yaml --trust KEY.pub` names the increment that stays and the backup below it that would go.",
          "`firedrill inspect BACKUP --catalog CATALOG` shows the predecessor that an increment names.",
        ],
        act: [
          "Delete neither of them: without the one below, the increment restores nothing.",
          "Keep the full backup of a chain as long as its last increment: the same class, or a longer `keep` for the full one's.",
          "To let the chain go, take a full backup and drill it first; then drop the whole chain.",
        ], ends: "A plan of the rule that keeps the whole chain, or drops the whole of it.")
    case .retentionDropsCheckpoint:
      return PlaybookPage(
        code,
        confirm: [
          "The finding names the migration, its stage, and the stage at which the backup was taken.",
          "Has the migration ended, and nobody said so? Its events in the ledger tell.",
        ],
        act: [
          "Delete nothing of it: it is what the migration can go back to.",
          "If the migration is over, publish its end (finalized or rolled back), and plan again.",
          "Give the class of such backups a longer `keep` than a migration ever takes.",
        ], ends: "A plan made after the migration's end was recorded, or one that keeps the backup.")
    case .retentionDropsVerified:
      return PlaybookPage(
        code,
        confirm: [
          "`firedrill ledger list --cluster CLUSTER`: which backups passed since, and are they still in the catalog?",
          "Did the drills of newer backups fail, or were there none?",
        ],
        act: [
          "Delete nothing of it: it is the newest backup of which anybody knows that it restores.",
          "Drill a newer backup; once that has passed, this one may go by the rule.",
        ], ends: "A plan made after a newer backup passed, or one that keeps this one.")
    case .manifestUnreadable:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG` says what cannot be read and where.",
          "Is `manifest.dsse.json` there, and larger than nothing? A copy that was cut off ends in the middle of a word.",
          "Was the backup made by a newer firedrill? Then this one does not know all of its words, and the backup may be whole.",
        ],
        [
          "Fetch the manifest again from where it was stored first, and run `firedrill check BACKUP --catalog CATALOG --trust KEY.pub`.",
          "Compare it byte by byte with another copy of the same backup.",
          "If it stays unreadable, count the backup as lost for a restore that has to be proven, and take a new one. Its data files may still load: keep them.",
        ])
    case .manifestUnsigned:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG`: are there no signatures at all?",
          "Did the capture run with `--key`? Look at the job that takes the backups.",
          "Are other backups of that night signed? One alone without a signature is not a setting; somebody changed it.",
        ],
        [
          "Give the backup job its sealing key (`firedrill keygen --out seal`), so that the next one is signed.",
          "If signed backups were usual here, find out who could write to the catalog before you restore from this one.",
          "Do not set `signature: optional` to get past this: it would let any changed backup through.",
        ])
    case .signatureInvalid:
      return page(
        [
          "`firedrill check BACKUP --catalog CATALOG --trust KEY.pub` with a key file that you fetched yourself, not one beside the backup.",
          "Does another copy of the same backup verify? Then this copy was changed after it was sealed.",
          "`firedrill ledger list`: did this backup pass before? Then it was changed since that run.",
        ],
        [
          "Treat the backup as tampered with. Keep it, change nothing in its folder, do not restore it anywhere near production.",
          "Call security as well as the owner: whoever can change a manifest can change what you restore.",
          "Restore, if you must tonight, from a copy that verifies or from an earlier backup that passed.",
          "Check the other backups of the same storage: `firedrill check` for each.",
        ])
    case .signatureUntrusted:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG` shows the key ids that signed; compare them with the keys under `trust:`.",
          "Was the sealing key replaced lately? Ask who keeps it, by another channel than the one that told you.",
          "Are all backups since one night signed by that key, or this one alone? A rotation changes all of them.",
        ],
        [
          "If it is your own new key: add its public half to `trust:`. The change stands in `firedrill ledger policy-changes`.",
          "If nobody knows the key: treat the backup as tampered with, and see `firedrill explain signature-invalid`.",
        ])
    case .signatureRevoked:
      return page(
        [
          "The finding names the key and since when it is revoked; does `revoked:` in the drill file say that rightly?",
          "`firedrill ledger list --cluster CLUSTER`: did the backup pass before the key was revoked, and is its manifest still the same?",
          "What else did that key sign since? `firedrill check` for each backup of that time.",
        ],
        [
          "Whoever has the key can sign anything with any date: what it signed proves nothing on its own any more.",
          "Give the backup jobs their new key, take a new backup, and drill that one.",
          "If this one is all that you have, hold it against a copy that was kept where that key never was, and seal that copy again.",
        ])
    case .signatureOutOfTime:
      return page(
        [
          "The finding names the cut that the manifest states and the time for which the key is trusted.",
          "Was the key replaced at that time, and does a backup job still seal with the old one?",
          "Does the manifest's cut fit the time in the backup's name and the times of its files? A cut that was dated back does not.",
        ],
        [
          "Give the job its new key; take a new backup.",
          "Change `from` or `until` only where they are wrong: an old key that is trusted for new backups was replaced for nothing.",
          "If the cut was dated back, see `firedrill explain signature-revoked`: somebody has the old key.",
        ])
    case .signatureWrongPurpose:
      return page(
        [
          "The finding names the key and what it is for; does `purpose:` in the drill file say that rightly?",
          "Which job sealed the backup, and with which key file?",
        ],
        [
          "Give the job the key for backups; a key that signs evidence or decisions must not vouch for what they are about.",
          "If no job of yours did it, treat the backup as tampered with: see `firedrill explain signature-untrusted`.",
        ])
    case .signaturesTooFew:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG` shows which keys signed.",
          "Did the job that adds the second signature run? Did it sign with the same key as the first?",
        ],
        [
          "Have the signer that is missing look at the backup and sign it.",
          "Do not lower `threshold:` to get past this: that one signer alone can no longer pass a backup is what it is for.",
        ])
    case .manifestReplaced:
      return page(
        [
          "The finding names the run that saw the other manifest: `firedrill ledger show RUN` has its digest.",
          "Is there another copy of the backup, and which of the two manifests has it?",
          "Did somebody seal the backup again? Nothing of firedrill writes a second manifest under the same name.",
        ],
        [
          "Until it is explained, count it as a rollback: somebody put an older, or another, signed manifest in its place. Do not restore it.",
          "Fetch the manifest that the earlier run saw from another copy, and run the drill again.",
          "A backup that has to be sealed anew gets a name of its own, so that both can be told apart.",
        ])
    case .manifestMismatch:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG`: which backup and cluster does it name, and in which folder does it lie?",
          "Is there a second copy of that manifest in the folder that it names?",
        ],
        [
          "Look for a copy job that writes to the wrong folder, or a folder that was renamed by hand.",
          "Restore from the folder that the manifest names; never by the folder's name alone.",
          "If an old backup stands in the place of a new one, find out who put it there: it is how a rollback attack looks.",
        ])
    case .topologyStale:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG`: which epoch does it name, and which shard had which slots?",
          "Is the topology that you expect the one of now? `redis-cli CLUSTER NODES` on any node tells.",
          "Was slots' moving meant to be over when the backup was taken? Then it was taken too early, or the move is not done.",
        ],
        [
          "Take a backup now: `firedrill capture CLUSTER.yaml --to CATALOG --key KEY`, and drill that one before you cut over.",
          "Keep this one: it is what a rollback to the old distribution needs.",
          "Restore it only into as many shards as it names; the present cluster cannot take its files as they are.",
        ])
    case .chainGap:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG` names the predecessor and its digest.",
          "`firedrill catalog list CATALOG`: is that predecessor there? If it is, was it sealed again since?",
        ],
        [
          "Fetch the predecessor from where it was archived; retention may have moved it while an increment still needs it.",
          "Take a full backup now: `firedrill capture CLUSTER.yaml --to CATALOG --key KEY`.",
          "Until then only the backups before the gap restore: say so to whoever counts on a newer point.",
          "Let retention delete whole chains only.",
        ])
    case .chainCycle:
      return page(
        [
          "`firedrill chain check CATALOG --trust KEY.pub` names the links of the circle.",
          "Which of these manifests changed last? No capture makes a circle: somebody sealed a manifest by hand.",
        ],
        [
          "Take a full backup now: `firedrill capture CLUSTER.yaml --to CATALOG --key KEY`.",
          "Ask who can use the sealing key; a circle has to be signed to be found here.",
        ])
    case .chainFork:
      return page(
        [
          "`firedrill chain check CATALOG --trust KEY.pub` names both increments and the backup that both continue.",
          "`firedrill inspect` each: which cluster, host or job took it, and up to which cut does it go?",
          "Was production rolled back in between? Then one of them holds what was rolled back.",
        ],
        [
          "Move the increment that is not meant, and all that was made on it, out of the catalog, and drill again.",
          "Let one job alone take increments; `--on latest` continues the newest backup.",
        ])
    case .chainOverlap:
      return page(
        [
          "`firedrill inspect` the increment: `since` is where it begins; compare it with the predecessor's cut.",
          "Was the predecessor sealed again, or the server restored from a backup in between?",
        ],
        [
          "Take a full backup now, and increments on that.",
          "Until then restore to the predecessor's cut: `backup: {id: PREDECESSOR, at: cut}`.",
        ])
    case .chainSwapped:
      return page(
        [
          "`firedrill chain check CATALOG --trust KEY.pub` says which link, and whether its manifest or its artifact is another's.",
          "Compare the digests that `firedrill inspect` shows with those of another copy of the catalog.",
          "Were two folders or files exchanged by a copy job? Look for the one that is missing elsewhere.",
        ],
        [
          "Fetch the link from where it was made, and check again.",
          "Call security as well as the owner where nobody moved anything: an older link in a newer one's place hides what happened since.",
        ])
    case .chainRepeated:
      return page(
        [
          "`firedrill chain check CATALOG --trust KEY.pub` names both links.",
          "Which of them has the cut that its artifact tells? The other one lost its own changes.",
        ],
        [
          "Fetch the lost artifact from where it was made; without it, restore to the point before the copy.",
          "Take a full backup now.",
        ])
    case .chainForeign:
      return page(
        [
          "`firedrill inspect` the link: which cluster and engine does it name?",
          "Do two clusters share a catalog? Their backups must not share names.",
        ],
        [
          "Find the predecessor in another copy of the catalog and put it in its place.",
          "Take a full backup now where it cannot be found.",
        ])
    case .chainEpoch:
      return page(
        [
          "`firedrill inspect` both: which epoch and which shards does each name?",
          "`firedrill topology show`: did a failover or a re-sharding happen between the two cuts?",
        ],
        [
          "Take a full backup after every change of shards, and increments on that.",
          "Where the epoch goes back, find out which node answered the capture: it knew an old topology.",
        ])
    case .artifactMissing:
      return page(
        [
          "List the backup's folder: is the file there under another name, or in another folder?",
          "`firedrill check BACKUP --catalog CATALOG --trust KEY.pub`: which files are missing, one or all of a shard?",
        ],
        [
          "Fetch the file from where the backup was made, or from another copy, and check again.",
          "If it is nowhere, the upload was incomplete: that shard cannot be restored from this backup.",
          "Look at how the copy job ends: it must not report success before every file of the manifest is there.",
        ])
    case .artifactUnexpected:
      return page(
        [
          "What is it? `ls -l` and `file` on it; a sync tool's leftover is harmless, a script or a database is not.",
          "Who could write there at the time that it was made?",
        ],
        [
          "Remove it once you know what put it there, and run `firedrill check` again.",
          "If it looks like data of the store, keep it apart: the manifest may have been made without it.",
        ])
    case .artifactNotRegular:
      return page(
        [
          "`ls -l` shows what stands in the artifact's place, and where a link leads.",
          "Does your storage deduplicate with links? Then every artifact is one, not only this.",
        ],
        [
          "Put the file itself in its place, and run `firedrill check` again.",
          "If nobody of yours made the link: whoever can put links into a catalog can point a restore at another file. Call security.",
        ])
    case .sizeMismatch:
      return page(
        [
          "Shorter than sealed: an upload that was cut off, or a full disk. Longer: something was appended, or another file stands there.",
          "Compare the size with that of another copy, and with the same shard's file in the night before.",
        ],
        [
          "Fetch the artifact again, and run `firedrill check BACKUP --catalog CATALOG --trust KEY.pub`.",
          "Look at the free space and the log of the storage at the time of the copy.",
          "If no whole copy exists, use an earlier backup for that shard, and say which hours are lost.",
        ])
    case .checksumMismatch:
      return page(
        [
          "Run `firedrill check BACKUP --catalog CATALOG --trust KEY.pub` again: the same bytes twice are damaged on disk, different ones every time are a bad cable, controller or memory.",
          "`cmp` it with another copy: one flipped bit is decay, whole blocks of zeros are a lost write, everything different is another file.",
          "`firedrill ledger list`: when did this backup pass last? The damage is younger than that.",
        ],
        [
          "Restore from another copy; check that copy first.",
          "Look at the storage (`smartctl -a`, `dmesg`, the scrub's report) before you write anything more to it.",
          "Check every other backup on the same storage tonight: decay seldom comes alone.",
          "If all copies have the same wrong bytes, the artifact was changed after it was sealed: see `firedrill explain signature-invalid`.",
        ])
    case .artifactMutable:
      return page(
        [
          "A folder: `lsattr FILE` shows `i` where the file is immutable, `findmnt -T FILE` whether the mount is `ro`.",
          "A bucket: `aws s3api get-object-retention --bucket BUCKET --key KEY`; a date that has passed protects nothing.",
        ],
        [
          "Set it: `chattr +i FILE`, a read-only mount, or Object Lock with a time as long as the backup is kept.",
          "Check the bytes now, since they could have been changed until now: `firedrill check BACKUP --catalog CATALOG --trust KEY.pub`.",
          "Let the job that stores backups set it at once, and nobody else be able to take it away.",
        ])
    default: return nil
    }
  }
}
