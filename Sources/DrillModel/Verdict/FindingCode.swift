/// Every way in which something examined can be wrong. Codes are permanent: they are followed across runs and named by policies.
public enum FindingCode: String, Sendable, Codable, CaseIterable {
  // catalog
  case backupMissing = "backup-missing"
  case retentionBreaksChain = "retention-breaks-chain"
  case retentionDropsCheckpoint = "retention-drops-checkpoint"
  case retentionDropsVerified = "retention-drops-verified"
  // manifest
  case manifestUnreadable = "manifest-unreadable"
  case manifestUnsigned = "manifest-unsigned"
  case signatureInvalid = "signature-invalid"
  case signatureUntrusted = "signature-untrusted"
  case signatureRevoked = "signature-revoked"
  case signatureOutOfTime = "signature-out-of-time"
  case signatureWrongPurpose = "signature-wrong-purpose"
  case signaturesTooFew = "signatures-too-few"
  case manifestReplaced = "manifest-replaced"
  case manifestMismatch = "manifest-mismatch"
  case topologyStale = "topology-stale"
  case chainGap = "chain-gap"
  case chainCycle = "chain-cycle"
  case chainFork = "chain-fork"
  case chainOverlap = "chain-overlap"
  case chainSwapped = "chain-swapped"
  case chainRepeated = "chain-repeated"
  case chainForeign = "chain-foreign"
  case chainEpoch = "chain-epoch"
  // integrity
  case artifactMissing = "artifact-missing"
  case artifactUnexpected = "artifact-unexpected"
  case artifactNotRegular = "artifact-not-regular"
  case sizeMismatch = "size-mismatch"
  case checksumMismatch = "checksum-mismatch"
  case artifactMutable = "artifact-mutable"
  // decode
  case keyMissing = "key-missing"
  case keyWrong = "key-wrong"
  case keyRevoked = "key-revoked"
  case encodingDamaged = "encoding-damaged"
  case encodingOversized = "encoding-oversized"
  case artifactUnreadable = "artifact-unreadable"
  case formatChecksumMismatch = "format-checksum-mismatch"
  case trailingBytes = "trailing-bytes"
  case versionUnsupported = "version-unsupported"
  case databaseCorrupt = "database-corrupt"
  case foreignKeyViolated = "foreign-key-violated"
  case incrementConflict = "increment-conflict"
  case coverageHole = "coverage-hole"
  case slotMisplaced = "slot-misplaced"
  case slotOverlap = "slot-overlap"
  case recordDouble = "record-double"
  // restore
  case restoreRejected = "restore-rejected"
  case accessDiffers = "access-differs"
  case accessOpen = "access-open"
  case accessExcess = "access-excess"
  case accessDenied = "access-denied"
  // fingerprint
  case restoredDiffers = "restored-differs"
  // compare
  case contentDiffers = "content-differs"
  case countDiffers = "count-differs"
  case recordLost = "record-lost"
  case answerDiffers = "answer-differs"
  case answerDiffersUnderLoad = "answer-differs-under-load"
  // drift
  case driftUnexplained = "drift-unexplained"
  // objectives
  case restoreTimeExceeded = "rto-exceeded"
  case recoveryPointExceeded = "rpo-exceeded"
  case driftExceeded = "drift-exceeded"
  case mismatchesExceeded = "mismatches-exceeded"
  case coverageShort = "coverage-short"
  // topology
  case slotUnowned = "slot-unowned"
  case slotContested = "slot-contested"
  case moveOneSided = "move-one-sided"
  case viewStale = "view-stale"

  /// What it means, one sentence.
  public var meaning: String {
    switch self {
    case .backupMissing:
      "The drill selects a backup that the catalog does not hold, or a point that no chain of it reaches."
    case .retentionBreaksChain: "A rule would drop a backup that an increment which stays was made on."
    case .retentionDropsCheckpoint:
      "A rule would drop a backup that a migration which has not ended could still go back to."
    case .retentionDropsVerified: "A rule would drop the newest backup of a cluster that a drill has verified."
    case .manifestUnreadable: "The manifest is damaged, incomplete, or says something that this version does not know."
    case .manifestUnsigned: "The manifest carries no signature although one is required."
    case .signatureInvalid:
      "A trusted key's signature does not verify: the manifest, or the list of digests, was changed after it was signed."
    case .signatureUntrusted:
      "The manifest, or the list of digests, is signed, but by none of the keys that the drill trusts."
    case .signatureRevoked: "The manifest is signed by a key that the drill lists as revoked."
    case .signatureOutOfTime:
      "The manifest is signed by a trusted key, and states a cut before or after the time for which that key is trusted."
    case .signatureWrongPurpose: "The manifest is signed by a key that is trusted with other things than backups."
    case .signaturesTooFew: "Fewer different trusted keys signed the manifest than the drill requires."
    case .manifestReplaced:
      "The backup's manifest is not the one that an earlier run found signed under the same name."
    case .manifestMismatch:
      "The manifest is genuine but belongs to another backup or cluster than the one it stands for."
    case .topologyStale: "The backup is of another epoch or distribution of slots than the topology that is expected."
    case .chainGap:
      "A backup's predecessor is missing, cannot be used, or ends before the increment on it begins."
    case .chainCycle:
      "A chain of increments leads back to itself, and never to a full backup."
    case .chainFork:
      "Two increments continue one backup of the chain: which of them holds what happened cannot be told."
    case .chainOverlap:
      "An increment begins before its predecessor's cut: changes of that time would be made twice."
    case .chainSwapped:
      "A link of a chain bears the right name and is another one: its manifest's digest, or its artifact's own header, belongs elsewhere."
    case .chainRepeated:
      "Two links of a chain hold the same changes."
    case .chainForeign:
      "A link of a chain is of another cluster or engine."
    case .chainEpoch:
      "An increment's topology does not follow from its predecessor's: an epoch that goes back, or shards that the predecessor does not have."
    case .artifactMissing: "A file that the manifest, or the list of digests, names is not there."
    case .artifactUnexpected: "A file lies in the backup that no manifest, or no line of the digests, names."
    case .artifactNotRegular:
      "Something other than a plain file (a link, a device, a pipe) stands in an artifact's place."
    case .sizeMismatch: "An artifact is longer or shorter than what was sealed."
    case .checksumMismatch:
      "An artifact's bytes are not the bytes that were sealed, or not those of the list of digests."
    case .artifactMutable: "An artifact can be changed or deleted where it lies, although that must not be possible."
    case .keyMissing: "No key that the drill can reach opens an artifact."
    case .keyWrong:
      "A key for which an artifact was encrypted does not open it: the key is not the one it claims to be, or its passphrase is wrong."
    case .keyRevoked: "An artifact opens only with a key that the drill lists as revoked, or that says so of itself."
    case .encodingDamaged:
      "The stored bytes are what was sealed, and yet they do not decode to the bytes that were encoded."
    case .encodingOversized: "An artifact decodes to more bytes than was sealed, or than is allowed."
    case .artifactUnreadable: "An artifact's contents cannot be decoded at the stated offset."
    case .formatChecksumMismatch:
      "The format's own checksum does not match: damaged before it was sealed, or by a bad copy."
    case .trailingBytes: "Bytes follow the format's end; a loader would ignore them in silence."
    case .versionUnsupported:
      "The artifact's format is newer than what the sandbox's server, or this program, can load."
    case .databaseCorrupt: "The database's own integrity check reports damage."
    case .foreignKeyViolated: "A row refers to a row that the backup does not hold."
    case .incrementConflict:
      "An increment holds a change that does not fit what it is made on."
    case .coverageHole: "Slots of the scope are covered by no artifact."
    case .slotMisplaced: "An artifact holds records of slots that its shard neither owned nor was receiving at the cut."
    case .slotOverlap: "A slot's records are claimed by two artifacts."
    case .recordDouble:
      "Records lie on both sides of a slot's move: which copy is true, nobody can tell after a restore."
    case .restoreRejected: "The server refused to load the backup, or ended while loading it."
    case .accessDiffers: "The users, their rules, or the modes of files are not those that are expected."
    case .accessOpen: "Whoever has no password comes into the restored store."
    case .accessExcess: "A user of the restored store may run commands, or reach keys, that its rules do not give it."
    case .accessDenied: "A user of the restored store is refused what its rules give it."
    case .restoredDiffers:
      "The server that loaded the backup does not hold exactly the records that the artifact holds."
    case .contentDiffers: "What was restored is not what production held at the cut."
    case .countDiffers: "The number of records per slot is not what the live servers reported at the cut."
    case .recordLost: "The reference names records that lie in no shard of the backup, on neither side of a move."
    case .answerDiffers: "The restored copy gives another answer than production gave."
    case .answerDiffersUnderLoad: "The restored copy answers otherwise under load than it did alone."
    case .driftUnexplained: "Restored copy and live store differ, and no recorded cause accounts for it."
    case .restoreTimeExceeded: "Restoring took longer than the recovery time objective."
    case .recoveryPointExceeded:
      "Between two consecutive verified cuts lies more time than the recovery point objective allows."
    case .driftExceeded: "There is more drift than the drill allows."
    case .mismatchesExceeded: "There are more differing answers than the drill allows."
    case .coverageShort: "Less was examined than the drill requires."
    case .slotUnowned: "The topology has slots that no shard owns."
    case .slotContested: "The topology has slots that two shards own."
    case .moveOneSided: "A slot's move stands on one side only, or starts at a shard that does not own the slot."
    case .viewStale: "A node goes by an epoch, or an owner of slots, that no longer is."
    }
  }

  /// What to do next, one sentence, for a person at 3 a.m.
  public var action: String {
    switch self {
    case .backupMissing:
      "Run `firedrill catalog list` and see whether the backup job ran; `firedrill chain check` says from when to when a chain reaches."
    case .retentionBreaksChain:
      "Delete neither: keep the whole chain as long as its last increment, in one class with it, or take a full backup first."
    case .retentionDropsCheckpoint:
      "Keep it until the migration is finalized or rolled back; give its class a longer time."
    case .retentionDropsVerified: "Drill a newer backup first; until one has passed, this is the last known good one."
    case .manifestUnreadable:
      "Fetch the manifest again from where it was stored; if it stays unreadable, treat the backup as lost and take a new one."
    case .manifestUnsigned: "Seal the backup with a trusted key, or find out who removed the signature."
    case .signatureInvalid:
      "Treat the backup as tampered with: keep it, do not restore it, compare it with another copy."
    case .signatureUntrusted:
      "Compare the signer with your list of keys; add the key to `trust:` only if you know whose it is."
    case .signatureRevoked:
      "Do not restore it on this signature's word: seal what you can vouch for again with the new key, and take a new backup."
    case .signatureOutOfTime:
      "See whether a job still seals with an old key, or whether somebody dated a manifest back; correct `from` and `until` only if they are wrong."
    case .signatureWrongPurpose: "See which job seals with that key; give it the key for backups."
    case .signaturesTooFew:
      "See which of the signers did not sign, and why; one key twice counts once. Ask for the missing signature, do not lower the threshold."
    case .manifestReplaced:
      "Treat it as a rollback until it is explained: find the copy that the earlier run examined; a backup that is sealed anew needs a name of its own."
    case .manifestMismatch:
      "Look for a copy that went to the wrong folder; restore from the folder that the manifest names."
    case .topologyStale:
      "Take a backup of the present topology; this one restores to the distribution that it names, and to no other."
    case .chainGap: "Find the predecessor that the manifest names; without it only the backups before the gap restore."
    case .chainCycle:
      "Take a full backup now; nothing of this chain restores. Find out what rewrote the manifests."
    case .chainFork:
      "See which of them is meant, move the other and what was made on it out of the catalog, and see which job took a second one."
    case .chainOverlap:
      "Take a full backup; this increment was not taken on the predecessor that it names."
    case .chainSwapped:
      "Look for a copy job that exchanged folders or files, and for a backup that was sealed again; fetch the link from another copy."
    case .chainRepeated:
      "See which of them is a copy of the other; the changes that the copy stands in for are missing."
    case .chainForeign:
      "Look for a copy that went to the wrong catalog; take a full backup if the predecessor cannot be found."
    case .chainEpoch:
      "Take a full backup: the cluster's shards changed in between, or the link was taken of an old state."
    case .artifactMissing, .sizeMismatch:
      "Fetch the artifact again from its origin and run `firedrill check`; if it stays so, the upload was incomplete."
    case .artifactUnexpected: "See what put the file there; remove it only when you know."
    case .artifactNotRegular:
      "Replace it by the artifact itself; whoever can put links into a catalog can point a restore elsewhere."
    case .checksumMismatch:
      "Fetch the artifact from another copy and run `firedrill check`; suspect the storage that held this one."
    case .artifactMutable:
      "Set the immutable attribute, mount the place read-only, or lock the object; then find out who could write there until now."
    case .keyMissing:
      "Find the key that the finding names and put it where recovery reaches it; until then nobody can restore this backup."
    case .keyWrong:
      "Compare the key and its passphrase with those in safe keeping; try the tool by hand with that one key."
    case .keyRevoked:
      "Take a full backup that is encrypted to a valid key; keep the revoked key safe as long as backups need it."
    case .encodingDamaged:
      "Use an earlier backup; look at the program that compressed or encrypted this one, and at the disk it wrote to."
    case .encodingOversized: "Do not unpack it by hand: treat it as tampered with, and find out who sealed it."
    case .artifactUnreadable:
      "If the digest matched, the damage was there when it was sealed: use an earlier backup, and look at the server that wrote it."
    case .formatChecksumMismatch:
      "Use an earlier backup; look at the memory and disk of the server that wrote this one."
    case .trailingBytes: "Compare with another copy; something appended to the file."
    case .versionUnsupported: "Point `sandbox.server` at a server that can load this format."
    case .databaseCorrupt: "Use an earlier backup, and check the live database with the same command today."
    case .foreignKeyViolated: "Check the live database; if it is whole, the backup was not taken at one cut."
    case .incrementConflict:
      "Restore to a point before this increment; take a full backup, and look for what wrote to the store or to the chain."
    case .coverageHole: "See whether a shard's backup is missing; the restore would lose those slots."
    case .slotMisplaced, .slotOverlap:
      "See whether artifacts were exchanged, or whether a move of slots is not in the manifest."
    case .recordDouble:
      "Take a coherent capture; if it holds doubles too, an interrupted MIGRATE left them: see `redis-cli --cluster check`."
    case .restoreRejected:
      "Read the server's last lines in `firedrill ledger show`; try the load by hand with the same server version."
    case .accessDiffers:
      "See which list is right: set production's users (`ACL SETUSER`, `ACL SAVE`) or file modes right and take a new backup, or correct what the drill expects."
    case .accessOpen:
      "Before a server is restored for use, give `default` a password or turn it off; if production is open too, close it today."
    case .accessExcess:
      "Take the right away in production (`ACL SETUSER`) if it is there too, and see since when (`ACL LOG`); then take a new backup."
    case .accessDenied:
      "Give the user the rules that are expected, and take a new backup."
    case .restoredDiffers:
      "Run `firedrill diff` between the artifact and a restored server; suspect the server's loader or memory limit."
    case .contentDiffers, .countDiffers:
      "Run `firedrill diff` down to the keys; this backup does not stand for the cut that it names."
    case .recordLost:
      "Do not restore it for these records: take a coherent capture, which cannot miss what is under way."
    case .answerDiffers: "Ask both sides by hand for the key; then `firedrill diff`."
    case .answerDiffersUnderLoad:
      "Run the drill again with the same seed; if it stays so, suspect the server's version or its memory limit, and do not fail over to it."
    case .driftUnexplained:
      "Run `firedrill diff` for the slot; if the change log is whole, the backup or its source is wrong."
    case .restoreTimeExceeded:
      "See which phase took the time in `firedrill ledger show`; restore shards in parallel, or change the objective."
    case .recoveryPointExceeded: "See which backup in between failed or never ran."
    case .driftExceeded, .mismatchesExceeded:
      "Look at the findings of drift and comparison first; the objective only counts them."
    case .coverageShort: "See what was skipped and why in the coverage table."
    case .slotUnowned:
      "Find the last topology that owned them (`firedrill topology show --at`), and give the slots back to that shard before clients need them."
    case .slotContested:
      "Stop the migration; find out which of the shards holds the slot's newest records before one of them gives it up."
    case .moveOneSided:
      "Stop the migration tool, and set the missing mark or take back the other (`CLUSTER SETSLOT … STABLE`) once it is known where the slot's keys lie."
    case .viewStale:
      "See whether the node is cut off from the others; until it catches up, it sends clients to the wrong shard."
    }
  }
}
