public import DrillModel

extension PlaybookPage {
  /// The page of something that could not be looked at.
  public static func of(_ code: DrillError.Code) -> PlaybookPage {
    setup(code) ?? production(code) ?? TLSPages.page(code) ?? recording(code)
      ?? PlaybookPage(
        code, "Something could not be looked at; the error says what.", confirm: [],
        act: ["Do what the error says, and run the drill again."])
  }

  /// Files, catalogs and what has to be installed.
  private static func setup(_ code: DrillError.Code) -> PlaybookPage? {
    func page(_ meaning: String, _ confirm: [String], _ act: [String]) -> PlaybookPage {
      PlaybookPage(code, meaning, confirm: confirm, act: act)
    }
    switch code {
    case .usage:
      return page(
        "A flag, name or URL that makes no sense; nothing was looked at.",
        ["The error quotes what it did not understand.", "`firedrill help COMMAND` shows the form and an example."],
        ["Correct the command. In a job, look at what changed in its script or environment."])
    case .badFile:
      return page(
        "A drill, cluster, workload or policy file is not of the documented form.",
        [
          "The error gives file, line and column.", "Was the file edited, or firedrill replaced, since it last worked?",
        ],
        [
          "Correct the line; an unknown field is mostly a slip of the pen, and the nearest known one is named.",
          "`drills/README.md` documents every field, and `drills/examples` holds whole files.",
        ])
    case .keyUnreadable:
      return page(
        "A key file is not there, cannot be read, or holds no key of a known kind.",
        [
          "`ls -l FILE`: may this user read it?",
          "`head -1 FILE`: is it PEM, and the public half where the drill says `trust:`?",
        ],
        [
          "Put the key in its place, with mode 0600 for the private half.",
          "A lost sealing key: make a new pair with `firedrill keygen --out seal`, and trust both until the old backups have gone.",
        ])
    case .catalogEmpty:
      return page(
        "There is no catalog, or it holds no backup of this cluster.",
        [
          "`firedrill catalog list CATALOG`", "Is the folder mounted, and is it the one that the backup job writes to?",
        ],
        ["See `firedrill explain backup-missing`: a drill that meets this reports that finding."])
    case .catalogUnwritable:
      return page(
        "A backup could not be stored in the catalog; what was half written has been removed.",
        ["`df -h CATALOG` and `df -i CATALOG`", "May this user write there?"],
        [
          "Make room, or give write access, and capture again: there is no backup of this night yet.",
          "Do not delete the newest backups to make room; let retention choose.",
        ])
    case .noSuchBackup:
      return page(
        "The backup that was named is not in the catalog.",
        ["`firedrill catalog list CATALOG` lists the names; the nearest one stands in the error."],
        ["Correct the name. If it was there yesterday, see what retention deleted."])
    case .noSuchRun:
      return page(
        "The ledger holds no run of that name, or no longer its details.",
        [
          "`firedrill ledger list`",
          "Is it the right ledger? `--ledger`, the drill's `ledger:`, `$FIREDRILL_LEDGER`, in this order.",
        ],
        ["Name a run that is there; a beginning that only one run has is enough."])
    case .artifactUnreadable:
      return page(
        "A stored file could not be read by the operating system; its contents are not to blame.",
        ["`dd if=FILE of=/dev/null bs=1M` fails at the same place?", "`dmesg` and the storage's log at that time."],
        [
          "Permission: give the drill's user read access. An input/output error: the storage is failing; copy what you can, and check the other backups there.",
          "Run the drill again: until then nothing is known of that file.",
        ])
    case .filterMissing:
      return page(
        "A program that encodes or decodes artifacts is not installed on the machine that drills, or a manifest names a filter that the drill does not know.",
        [
          "`firedrill doctor` says which of age, gpg, openssl, zstd, gzip and lz4 are there.",
          "Is it a filter of your own? Then the drill has to name its program under `keys: {filters: …}`: a manifest cannot.",
        ],
        [
          "Install it (`apt-get install age gnupg zstd lz4`), or name its program in the drill.",
          "Install it where you would recover as well: this is what would stop you there.",
        ])
    case .filterFailed:
      return page(
        "A program that encodes or decodes artifacts could not do its work, for a reason of this machine's and not of the artifact's.",
        [
          "The error says whether it was ended by a signal, could not be started or needed more memory than it may take.",
          "`df` of the work folder, and the machine's log: was it out of disk or of memory?",
        ],
        [
          "Make room, and run the drill again.",
          "`cms` holds a whole artifact in memory: for large ones use age or gpg.",
        ])
    case .rcloneMissing:
      return page(
        "rclone, which fetches backups from remote catalogs, is not installed on the machine that drills, or too old.",
        ["`rclone version`", "A job's PATH is shorter than yours: does it name the folder?"],
        [
          "Install it (`apt-get install rclone`; 1.56 or newer), or name it under `rclone: {program: /path}`.",
          "Until then nothing is known of the backups there.",
        ])
    case .fetchFailed:
      return page(
        "What a remote catalog holds could not be listed or fetched, or changed while it was.",
        [
          "The error repeats what rclone said; `rclone lsf REMOTE:PATH` with the same configuration says it again.",
          "Did a retention job delete the backup, or a backup job write to it, at that time?",
        ],
        [
          "Correct the remote's name, path or configuration; what was fetched is kept, and the next run goes on from there.",
          "If the object went away for good, the next run reports `artifact-missing`.",
        ])
    case .immutabilityUnknown:
      return page(
        "It was required that artifacts cannot be changed where they lie, and the place cannot say whether they can.",
        [
          "A folder: `lsattr FILE` and `findmnt -T FILE`; not every file system has the immutable attribute.",
          "A bucket: `aws s3api get-object-retention --bucket BUCKET --key KEY` with the credentials that the drill has.",
        ],
        [
          "Keep the backups where it can be told: a file system with attributes, a read-only mount, a bucket with Object Lock.",
          "Give the drill the right to ask (`s3:GetObjectRetention`, `s3:GetObjectLegalHold`), or name the program: `immutability: {aws: /path/aws}`.",
        ])
    case .cacheFull:
      return page(
        "A backup does not fit into the cache that fetched backups are kept in; nothing was fetched.",
        ["The error says by how much.", "`df -h` of the cache's folder, and `cache:` in the drill file."],
        [
          "Raise `cache: {size: …}`, or name a folder with more room: `cache: {folder: …}`.",
          "Backups that a running drill holds are not evicted: let the drills run one after the other.",
        ])
    case .featureMissing:
      return page(
        "The backup needs a module, a function or a collation that the program which read it does not have.",
        [
          "The error names the table, column or index. Whose program wrote the database, and what does that program register?",
          "`sqlite3 COPY 'PRAGMA module_list'` says which modules an SQLite has.",
        ],
        [
          "Everything else was read; the coverage table says how much was not.",
          "What such a table is stored in was compared all the same. Its meaning was not: check it with the application.",
        ])
    case .serverMissing:
      return page(
        "The server that a restore needs is not installed on the machine that drills.",
        [
          "`firedrill doctor` says what is missing and what to install.",
          "A job's PATH is shorter than yours: does it name the folder?",
        ],
        [
          "Install it (`apt-get install redis-server`), or name it under `sandbox: {server: /path}`.",
          "Take the version that production runs.",
          "Until then the backups are hashed and decoded, and not known to restore.",
        ])
    case .moduleMissing:
      return page(
        "The backup holds values of a module that the sandbox's server does not have; it loads nothing of such a shard.",
        [
          "The obstacle names the type of the values and, where it is known, the module.",
          "`redis-cli MODULE LIST` on production says which modules, of which versions, it has loaded.",
        ],
        [
          "Name the module's file under `sandbox: {modules: [PATH]}`, of the version that production runs, or a server that has it built in under `sandbox: {server: PATH}`.",
          "Until then the backup is hashed and decoded, and not known to restore.",
        ])
    case .serverFailed:
      return page(
        "A sandbox's server could not be started, or ended for a reason that is not the data's.",
        [
          "`firedrill ledger show RUN` has its last words.",
          "`dmesg | grep -i -e oom -e killed`: did the kernel end it?",
        ],
        [
          "Give the machine memory, or the drill a smaller `sandbox: {memory: …}`.",
          "`firedrill run --again RUN` once the cause is gone.",
        ])
    case .isolationUnavailable:
      return page(
        "The machine gives less isolation than the drill requires, a trial of it that has to hold did not, or the sandbox's clock could not be held.",
        [
          "`firedrill doctor` says which isolation there is and why not more.",
          "In a container: are user namespaces allowed?",
          "A trial's name (`tcp-loopback`, `other-user`, …): `firedrill ledger show RUN` has what came of each.",
        ],
        [
          "Install bubblewrap, allow user namespaces, or drill on another machine.",
          "A trial that did not hold is a way out of the sandbox: restore nothing there until it is closed. One that was not made needs perl, or, for `live-endpoint`, a live cluster that is up; name the others in `proof:`.",
          "Lower `isolation:` only where nobody else works on the machine; the run says what it had.",
          "Clock: see that `libCFrozenClock.so` lies beside the program.",
        ])
    case .sandboxIsLive:
      return page(
        "What was to be a sandbox is, or can reach, a live endpoint. Nothing was done to it.",
        ["Compare the endpoint in the error with the cluster file."],
        [
          "Do not get around this: it is what keeps a drill from writing to production.",
          "Drill on a machine, or below a folder, that production does not use.",
        ])
    case .generatorSaturated:
      return page(
        "An open loop could not send at the rate that was asked for: its latencies tell of the drill's machine and not of the store.",
        [
          "`firedrill ledger show RUN` says how late the generator was; `uptime` and `nproc` say what else the machine does."
        ],
        [
          "Lower `rate:`, or drill on a machine with less to do. Answers that were compared stand.",
          "More `connections:` help where each waits for its replies; they do not help where processors are short.",
        ])
    case .memoryBudget:
      return page(
        "One shard alone needs more memory than the drill allows, or a load's writes need more than its sandbox has.",
        ["The error says how much; `free -h` says what there is."],
        [
          "Raise `sandbox: {memory: …}`, or drill on a larger machine.",
          "A real restore would need as much: is there a machine for it tonight?",
        ])
    default: return nil
    }
  }

  /// Live clusters and captures.
  private static func production(_ code: DrillError.Code) -> PlaybookPage? {
    func page(_ meaning: String, _ confirm: [String], _ act: [String]) -> PlaybookPage {
      PlaybookPage(code, meaning, confirm: confirm, act: act)
    }
    switch code {
    case .unreachable:
      return page(
        "A live node did not take a connection.",
        [
          "`redis-cli -h HOST -p PORT ping` from the same machine.",
          "Is the node down, or only closed to this machine? Look at its monitoring before you look at ours.",
        ],
        [
          "If the node is down, that comes first: call the cluster's owner.",
          "Otherwise correct `nodes:`, the firewall or the name service, and run again.",
        ])
    case .authenticationFailed:
      return page(
        "The live store refused user or password.",
        [
          "Was the password changed? `password_file:` holds its first line, without a newline of Windows.",
          "`redis-cli --user USER --askpass ping`",
        ],
        ["Put the new password in its place. It never belongs into the cluster file itself, which the ledger keeps."])
    case .permissionDenied:
      return page(
        "The user may connect, and not do what is needed; or a file may not be read.",
        ["The error names the command or the file.", "`redis-cli ACL GETUSER USER`"],
        [
          "Give read access and the commands that are named, and no write command: a drill writes nothing to production."
        ])
    case .protocolViolation:
      return page(
        "The other side said something that its protocol does not allow, or that this version does not know.",
        [
          "Is it the store itself, or a proxy before it? Ask the node directly.",
          "Was the server replaced by a newer version, or by another product?",
        ],
        [
          "Name the nodes themselves under `nodes:`.",
          "If it is the plain store, keep what the error quotes and report it.",
        ])
    case .timedOut:
      return page(
        "There was no answer in time. Nothing is known of what was asked.",
        ["Load of this machine and of the node at that minute.", "Is it always the same shard?"],
        [
          "Run it again when it is calmer: `firedrill run --again RUN`.",
          "If it stays so, give it more time (`budget:`, `load_timeout:`), and ask why it needs it.",
        ])
    case .storeMoved:
      return page(
        "The store changed while it was read, or its topology did: what was read belongs to no one moment.",
        [
          "Was a re-sharding or a failover going on? `redis-cli CLUSTER NODES`",
          "Who writes to a store that was thought to be at rest?",
        ],
        [
          "Wait for the end of the move, and run again.",
          "For a comparison, use a snapshot (`--via replication`) rather than reads one by one.",
        ])
    case .captureRefused:
      return page(
        "Taking a backup now would cost production more than the cluster file allows. Nothing was done.",
        [
          "`firedrill capture CLUSTER.yaml --to CATALOG --key KEY --estimate` says what it would cost.",
          "Is there a replica that is in sync?",
        ],
        [
          "Wait for a quieter hour, or put a replica back in sync.",
          "Raise `max_pause:` only together with the cluster's owner.",
          "There is no backup of this hour: say so to whoever waits for it.",
        ])
    case .notCoherent:
      return page(
        "The shards could not be proven to stand at one cut: the capture is not called coherent.",
        [
          "The error names the shard and the two positions.",
          "Is there a writer that the pause does not hold: a replica that takes writes, a module, a script?",
        ],
        [
          "Capture again in a quieter hour; raise `max_pause:` if the proof ran out of time.",
          "Before a cutover do not settle for `per-shard`: the shards would be restored to different moments.",
        ])
    case .referenceUnsteady:
      return page(
        "Production itself answers many of the questions otherwise when it is asked again, so that too little was left to compare.",
        [
          "The coverage of the answers says how many: \"\(SkipReason.unsteady.rawValue)\".",
          "Look at the workload: does a query draw at random, ask for the time, or leave open which rows of many it returns (`LIMIT` without a whole `ORDER BY`)?",
        ],
        [
          "Ask such queries in a form that the contents alone decide, or leave them out of the drill's workload.",
          "If only the live side is unsteady, its records change faster than it can be asked: ask at a quieter hour, or hold the copy against the captured answers.",
        ])
    case .referenceUnavailable:
      return page(
        "What the restored copy was to be held against is not there, or an objective had nothing to be measured by.",
        [
          "The error names the reference or the objective.",
          "`captured`: does the backup bring one (`firedrill inspect`)? `live`: does the drill name a cluster? `{backup: ID}`: is it whole?",
        ],
        [
          "Let `firedrill capture` take the backups; it keeps what the live servers said at the cut.",
          "Without any reference a drill reaches `restored` and no further: content at the cut unknown.",
        ])
    default: return nil
    }
  }

  /// Our own books.
  private static func recording(_ code: DrillError.Code) -> PlaybookPage? {
    func page(_ meaning: String, _ confirm: [String], _ act: [String]) -> PlaybookPage {
      PlaybookPage(code, meaning, confirm: confirm, act: act)
    }
    switch code {
    case .ledgerUnwritable:
      return page(
        "The result could not be recorded. It was printed, and is nowhere else.",
        ["`df -h` and `ls -l` of the ledger and its folder.", "Does another process hold it?"],
        [
          "Keep what was printed (the job's log), repair the place, and run the drill again, so that it is on record.",
          "A gate does not see what is not recorded.",
        ])
    case .ledgerDamaged:
      return page(
        "The ledger is not what was written: a damaged disk, a program that edited it, or a version that this one does not know.",
        [
          "`firedrill ledger verify --anchors CATALOG` says where, against the tree heads that catalogs keep.",
          "Is it a newer ledger? Then use the newer firedrill.",
        ],
        [
          "Keep the file as it is: it may be evidence. Work on a copy.",
          "Take up the newest copy that verifies, or begin a new ledger, and say in writing what was lost.",
          "If nothing is wrong with the disk, somebody changed it: call security.",
        ])
    case .coverageOpen:
      return page(
        "What was examined and what was skipped do not add up to what was declared: a mistake of ours, so that the run claims nothing.",
        ["`firedrill run --again RUN` gives the same?"],
        [
          "Report it with the run's details (`firedrill ledger show RUN --json`).",
          "Do not read anything into the run's other parts.",
        ])
    case .eventDiffers:
      return page(
        "A migration's event has the id of one that is recorded and says something else; nothing was recorded.",
        [
          "`firedrill migration show NAME --cluster C` lists the events with their ids.",
          "Do two tools count their ids alike?",
        ],
        ["Give what happened since an id of its own; what was published twice is recorded once by itself."])
    case .migrationUnknown:
      return page(
        "An event is about a migration that nobody planned; nothing was recorded.",
        ["Is the name written as in `firedrill migration show --cluster C`?"],
        ["Publish its `planned` event first, with the slots that it moves."])
    case .eventOutOfOrder:
      return page(
        "A migration's stage does not admit the event: stages are passed one after the other, and none is left out.",
        ["`firedrill migration show NAME --cluster C`: which stage is it at, and since when?"],
        [
          "Publish the stages in between, if they were passed; the error says which comes next.",
          "If they were not passed, the tool went too far: stop it, and look before the cut-over.",
        ])
    case .eventFromFuture:
      return page(
        "An event says that it happened later than now, beyond what clocks differ by.",
        ["`date -u` on the machine that published it, and on this one"],
        ["Set the clock, and publish again with the right time."])
    case .alreadyRunning:
      return page(
        "Another process runs this drill, and two runs of one drill never overlap. Nothing was begun.",
        [
          "`firedrill ledger list` shows a run of it as running, and since when.",
          "Longer than it ever took? `ledger show` of earlier runs has the times; `ps` shows whether it still works.",
        ],
        [
          "Let it end; the next one begins by its schedule.",
          "If drills regularly meet, they are scheduled closer together than one takes: space them out, or restore a sample.",
          "One that hangs: end it by its process id. The lock goes with it, and the next run removes what it left.",
        ])
    case .interrupted:
      return page(
        "The run was told to stop before it had a verdict.",
        ["`firedrill ledger list` shows it as interrupted.", "A time limit of the job, a reboot, a person?"],
        ["Run it again. What it had started has been removed, or is removed by the next run."])
    case .io:
      return page(
        "The operating system could not do what was asked of a file or folder.",
        ["The error names the path and gives the system's words.", "`df -h`, `df -i`, `ls -ld` of the folder."],
        ["Make room or give access, and run again."])
    default: return nil
    }
  }
}
