import DrillModel

extension PlaybookPage {
  private static let endsWithAnyBackup =
    "A later run of the cluster, over any backup, that restored the same shard and slots, held them against the same reference, and found nothing."
  private static let endsWithMeasure =
    "A later run that measured this objective again, as strictly and over as much, and met it. An objective that was taken out of the drill is never measured again: withdraw the finding, and say why."

  /// Findings about what was decoded, restored and compared, and about objectives.
  static func restored(_ code: FindingCode) -> PlaybookPage? {
    decoded(code) ?? compared(code) ?? missed(code)
  }

  private static func decoded(_ code: FindingCode) -> PlaybookPage? {
    func page(_ confirm: [String], _ act: [String]) -> PlaybookPage {
      PlaybookPage(code, confirm: confirm, act: act, ends: endsWithSameBackup)
    }
    switch code {
    case .artifactUnreadable:
      return page(
        [
          "Is there a `checksum-mismatch` beside it? Then the file was damaged after it was sealed, and that is the one to look into.",
          "If the digest matched, the damage was there when the backup was made: `redis-check-rdb FILE`, or `sqlite3 FILE 'PRAGMA integrity_check'`, should stumble at the same place.",
          "If the store's own tool reads the file without a word, the mistake may be our reader's: keep the file and report it.",
        ],
        [
          "Use an earlier backup for that shard: `firedrill ledger list --cluster CLUSTER` shows which passed.",
          "Look at the server that wrote it: disk errors, memory errors, a process that was killed while it wrote.",
          "Take a backup from another replica of the shard now, and drill it.",
        ])
    case .formatChecksumMismatch:
      return page(
        [
          "`redis-check-rdb FILE` computes the same checksum; if it agrees with the file, our reader is wrong.",
          "With a matching digest the bytes are what was sealed: the file was wrong before. With a `checksum-mismatch` beside it, see that one first.",
          "Does the same shard's file of the night before match?",
        ],
        [
          "Use an earlier backup of that shard; what loads from this one may be wrong without any error.",
          "Test the memory and the disk of the machine that wrote it; a flipped bit in memory gives exactly this.",
          "Capture again from another replica.",
        ])
    case .trailingBytes:
      return page(
        [
          "`tail -c 64 FILE | xxd`: a second file that was appended, padding of a storage, or a log line?",
          "Does another copy of the backup have the same length?",
        ],
        [
          "If the digest matched, the bytes were there when it was sealed: look at what wrote the file, and at anything that appends to it.",
          "The data before the end is whole; the backup restores. Still find out, since a loader that ignores bytes ignores lost ones too.",
        ])
    case .versionUnsupported:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG` names the version that wrote it; compare with `redis-server --version` of the sandbox.",
          "Was production upgraded lately, and the machine that drills not?",
        ],
        [
          "Install the version that production runs, and name it under `sandbox: {server: …}`.",
          "Until then the backup is not known to restore: a restore tonight needs a server of that version too. Make sure that there is one.",
        ])
    case .databaseCorrupt:
      return page(
        [
          "`sqlite3 COPY 'PRAGMA integrity_check'` on a copy of the artifact names the same damage.",
          "Run it on the live database too. If that is damaged, this is no longer about a backup.",
          "Was the file copied while somebody wrote, rather than captured? `firedrill inspect` shows how it was made.",
        ],
        [
          "If the live database is damaged: stop what writes to it, call the owner now, keep every backup that you have, and find the newest one that passed.",
          "If only the backup is: take a new one with `firedrill capture`, and drill it.",
          "`sqlite3 COPY .recover` may save rows from the damaged copy; work on a copy only.",
        ])
    case .foreignKeyViolated:
      return page(
        [
          "`sqlite3 COPY 'PRAGMA foreign_key_check'` lists the rows, in the artifact and in the live database.",
          "Is the live database whole at this point? Then the tables were not read at one cut.",
        ],
        [
          "If the live database has the same rows, it is a fault of the application: hand the list to its owner.",
          "If not, the backup is torn: use one whose cut is coherent, and see how this one was taken.",
        ])
    case .incrementConflict:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG`: on which backup was the increment made, and is that one still what it was?",
          "`firedrill chain check CATALOG --trust KEY.pub`: does the chain fit together otherwise?",
          "Restore to the cut before it, `backup: {id: PREDECESSOR, at: cut}`: does that pass?",
        ],
        [
          "Take a full backup now; nothing that was made on this increment restores either.",
          "Look at what took the increment: its predecessor was restored wrong there, or the store was written to behind it.",
        ])
    case .coverageHole:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG`: which shards have an artifact, and which slots does the topology give to whom?",
          "Was a shard down, or being added, at the cut?",
        ],
        [
          "Find the missing shard's file; without it a restore loses every key of those slots.",
          "Take a new backup, and see that each shard of the topology is in it.",
          "If slots had no owner in production either, that is an outage of the cluster: call its owner.",
        ])
    case .slotMisplaced:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG`: do the files carry each other's names? Two that were exchanged show two findings that mirror each other.",
          "Was a re-sharding going on at the cut? A move that the manifest does not name shows as misplaced records.",
        ],
        [
          "If two files were exchanged, put them right from their origin; never by renaming what is sealed.",
          "If slots were moving, take a backup after the move, and drill that one before you cut over.",
          "Restored as it is, those keys would lie on a shard that nobody asks for them.",
        ])
    case .slotOverlap:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG`: which two artifacts claim the slot, and is one of them from another night?",
          "Was the slot being moved at the cut, and is the move missing from the manifest?",
        ],
        [
          "Find out which of the two is the owner's at the cut; restoring both lets one overwrite the other.",
          "Take a new backup when no slot is moving.",
        ])
    case .recordDouble:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG`: is the cut coherent? Snapshots of two moments hold twice what was moved in between.",
          "On the live servers, for a key of the slot: `redis-cli -h SOURCE EXISTS KEY`, and on the target `ASKING` and then `EXISTS KEY`. Are there two?",
          "Does the finding say that the copies agree? Then no content is at stake, only which copy goes.",
        ],
        [
          "If production holds each key once, take a coherent capture (`capture: {cut: coherent}`), and do not restore this backup.",
          "If production holds doubles, a MIGRATE was cut off: `redis-cli --cluster check` and `--cluster fix` finish the move. The source's copy is the one that clients were answered from.",
          "Different contents: find out which side was written to last before anything is deleted; keep both dumps.",
        ])
    default: return nil
    }
  }

  private static func compared(_ code: FindingCode) -> PlaybookPage? {
    func page(_ confirm: [String], _ act: [String]) -> PlaybookPage {
      PlaybookPage(code, confirm: confirm, act: act, ends: endsWithAnyBackup)
    }
    switch code {
    case .recordLost:
      return page(
        [
          "`firedrill inspect BACKUP --catalog CATALOG`: is the cut coherent? Snapshots of two moments miss what was moved in between.",
          "Ask the live servers for a named key: does production still hold it?",
          "Is a shard's artifact from an earlier moment than the others'? Compare the cut's positions.",
        ],
        [
          "Do not rely on this backup for the slots that are named: those records are on neither side of the move.",
          "Take a coherent capture now, or one when no slot is moving, and drill it.",
          "If production lost the records as well, restore them from the last backup that passed: `firedrill locate KEY CATALOG`.",
        ])
    case .restoreRejected:
      return page(
        [
          "`firedrill ledger show RUN` has the server's own last words.",
          "Load the artifact by hand with the same server version: `redis-server --dir DIR --dbfilename FILE --port 0 --unixsocket /tmp/t.sock`.",
          "Out of memory? Then it is about this machine, and not about the backup: compare the artifact's size with what the sandbox may take.",
        ],
        [
          "Read what it names: a module that is not loaded, a setting, a version, a damaged value.",
          "Give the sandbox what production has (`sandbox: {server: …}`), and run the drill again with `firedrill run --again RUN`.",
          "If production's own server refuses it too, this backup does not restore. Find the newest one that passed, and take a new one now.",
        ])
    case .accessDiffers:
      return page(
        [
          "`firedrill ledger show RUN` names the user and the kind of rule. Order counts between what adds and what takes away: `+@all -get` is not `-get +@all`.",
          "Is it one server of several? Access lists are not replicated: `ACL LIST` on each.",
          "Was the expected list changed, and production not yet (or the other way round)?",
        ],
        [
          "Decide which list is right. In production: `ACL SETUSER …`, then `ACL SAVE` where users lie in a file.",
          "Take a new backup and drill it; a backup keeps the list of its own time.",
          "Modes of files: `chmod` production's file, and see with which umask the program makes it.",
        ])
    case .accessOpen:
      return page(
        [
          "`redis-cli -h HOST PING` without a password: does production answer too?",
          "Does the backup's list (`access/*.acl`) hold a line `user default`? Without one, a server that loads it is open.",
        ],
        [
          "Production open: `ACL SETUSER default off`, or a password for it, once every client has a user of its own.",
          "Restoring: give the server its list before it takes connections, and check the same from outside.",
          "If it is meant so, say so in the drill's expected list: `user default on nopass …`.",
        ])
    case .accessExcess:
      return page(
        [
          "The finding names commands that were let through. `ACL DRYRUN USER COMMAND…` on production: there too?",
          "`ACL GETUSER USER`: which rule gives it? A category holds more commands with each version: `ACL CAT CATEGORY`.",
          "`ACL LOG` and the slow log: was it used?",
        ],
        [
          "Take the right away in production, and see that its clients still work.",
          "If the right is wanted, correct the expected list.",
          "Take a new backup: the old one restores the old rights.",
        ])
    case .accessDenied:
      return page(
        [
          "The finding names commands that were refused. Does the client need them, or only the expected list?",
          "Is the sandbox's server of production's version? Categories differ between versions: `sandbox: {server: …}`.",
        ],
        [
          "Give the user the rule in production, or take it from the expected list.",
          "Take a new backup and drill it, before anybody has to work on what it restores.",
        ])
    case .restoredDiffers:
      return page(
        [
          "`firedrill run --again RUN`: the same keys twice is the loader, other keys each time is a sandbox that evicts or expires.",
          "Is `maxmemory` set in the server's defaults, or an eviction policy? A sandbox must have none.",
          "Was the clock held at the cut (`firedrill ledger show RUN`, the line Sandbox)? If not, keys that expired since are missing rightly.",
          "`firedrill locate KEY CATALOG` shows the same record in other backups.",
        ],
        [
          "Hold a server that you loaded by hand against the file: `firedrill diff FILE redis+unix:///tmp/t.sock`.",
          "Look for a known bug of that server version's loader; try the next patch release under `sandbox: {server: …}`.",
          "Until it is explained, count on a restore with this server losing exactly those records.",
        ])
    case .contentDiffers, .countDiffers:
      return page(
        [
          "Look at the slots: all of one shard is a wrong or old file; a few spread over all is a writer during the cut.",
          "Was the cut coherent (`firedrill inspect BACKUP --catalog CATALOG`)? A capture shard by shard has no one cut to be held against.",
          "`firedrill diff BACKUP redis://HOST:PORT --catalog CATALOG` for what differs now, down to keys; what changed since the cut differs rightly.",
          "Does the backup before it show the same? Then something is wrong with how backups are taken, not with one of them.",
        ],
        [
          "Do not restore from this backup, and do not cut over on its account: it is not what production held.",
          "`firedrill locate KEY CATALOG` for a key that matters: which backup still has it right?",
          "Take a new backup from the masters, drill it, and compare.",
          "Look at the replica that it was taken from: was it in sync, and is its data its master's?",
        ])
    case .answerDiffers:
      return page(
        [
          "Ask both sides by hand for the key, restored copy and production.",
          "Content equal and answers different: look at server versions, settings, loaded functions and modules, and at the clock.",
          "Content different too: see `firedrill explain content-differs`; the answer only shows it.",
          "With `live` as the reference: did somebody write the key between? `capture: {follow: true}` would say so.",
        ],
        [
          "Run the drill again with `firedrill run --again RUN`; what comes back is real.",
          "Give the sandbox production's version and settings, if these differ.",
          "Do not cut over while it stands: users would get this answer.",
        ])
    case .answerDiffersUnderLoad:
      return page(
        [
          "The sandbox was asked the same question twice, alone and while it was written to; no write was about the key. So the difference is the server's.",
          "`firedrill run --again RUN` has the same seed, and so the same load: does the same key differ again?",
          "Did the server run short of memory or restart? `firedrill ledger show RUN` says what else was found.",
        ],
        [
          "Try the same drill with another patch release of the server under `sandbox: {server: …}`.",
          "Until it is explained, do not count on this server version under load.",
        ])
    case .driftUnexplained:
      return page(
        [
          "Is the change log whole? `firedrill ledger show RUN` names what covered the window; a log that began late explains nothing before it.",
          "`firedrill locate KEY CATALOG` shows when the record last changed from backup to backup.",
          "Was there a writer that goes around the log: a script, a restore, a failover that lost writes?",
          "Expiries that moved by milliseconds come from `MIGRATE`: was the slot moved?",
        ],
        [
          "Ask who wrote those keys in the window; a job that nobody remembers is the usual answer.",
          "If nobody did, one of the two is wrong. Compare with another replica, and with another backup: `reference: [{backup: ID}]`.",
          "Do not cut over while it stands, and do not delete the older backups.",
        ])
    default: return nil
    }
  }

  private static func missed(_ code: FindingCode) -> PlaybookPage? {
    func page(_ confirm: [String], _ act: [String]) -> PlaybookPage {
      PlaybookPage(code, confirm: confirm, act: act, ends: endsWithMeasure)
    }
    switch code {
    case .restoreTimeExceeded:
      return page(
        [
          "`firedrill ledger show RUN`: which phase took the time, copy or load, and on which shard?",
          "Was this machine busy with something else? Look at the same drill's times of the last week.",
          "Did the data grow? Compare the backups' sizes.",
        ],
        [
          "Copy: bring the catalog nearer, or onto faster storage. Load: more processors, shards side by side (`sandbox: {memory: …}` decides the waves).",
          "If it grew with the data, it will go on growing: split the shard, or agree on another objective.",
          "Tell whoever promised the recovery time what it is today. A threshold that is raised in silence shows in `firedrill ledger policy-changes`.",
        ])
    case .recoveryPointExceeded:
      return page(
        [
          "`firedrill ledger list --cluster CLUSTER`: between which two passing runs is the gap?",
          "Did backups fail, or only drills? A cut counts when a drill has verified it. `firedrill catalog list CATALOG` shows what there is.",
        ],
        [
          "Drill the backups within the gap, if there are any: `backup: {id: …}`. Each that passes closes a part of it.",
          "If there are none, take a backup now; and see why the job did not run.",
          "Tell whoever counts on the recovery point how much would have been lost.",
        ])
    case .driftExceeded:
      return page(
        [
          "How much of it is explained? `firedrill ledger show RUN` lists drift by cause.",
          "Was there an import, or a campaign, since the cut? Explained drift grows with the writes and with the backup's age.",
        ],
        [
          "Unexplained or ambiguous: see `firedrill explain drift-unexplained` first.",
          "All explained: take backups more often, or allow for what production writes in that time.",
        ])
    case .mismatchesExceeded:
      return page(
        [
          "See the findings `answer-differs` of the same run: `firedrill findings list`. This one only counts them.",
          "Are they all of one kind of operation, or of one slot?",
        ],
        [
          "See `firedrill explain answer-differs`, and work through what it says for one of them; the others mostly follow.",
          "Do not raise `mismatches:` to get past it.",
        ])
    case .coverageShort:
      return page(
        [
          "`firedrill ledger show RUN`: the table of coverage says which part was skipped, and why.",
          "Did a stage not run at all? Then the reason is the finding or the obstacle before it.",
        ],
        [
          "No answers in time: look at the load of the machine, and at `budget:`.",
          "Shards left out by a sample: restore all of them at least once a week.",
          "Explained differences count as not examined: against `live`, ask for less than 100 %, or look sooner after the cut.",
        ])
    default: return nil
    }
  }
}
