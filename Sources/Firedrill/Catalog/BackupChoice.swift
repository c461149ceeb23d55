import DrillChecks
import DrillCrypto
import DrillModel
import Foundation

/// The backups that a drill takes, and the ones that it cannot rule out.
///
/// What a manifest claims decides nothing unless it may be used: readable, sealed by a trusted key where one is required, in the folder of its own name.
/// `latest` and `at` take the newest such backup of the cluster. A folder whose manifest may not be used, and which by its name or by its file times could be
/// newer than that one, is what was meant for all that anybody knows: its manifest's findings become findings of the run, beside what the run finds
/// itself.
struct BackupChoice: Sendable {
  var entries: [Catalog.Entry]
  /// What is wrong with the manifests of folders that could be newer than the chosen one.
  var doubts: [Finding] = []
  var notes: [String] = []
  /// Up to where the chain is restored; nil: its own cut.
  var point: ChainPoint?
}

/// Chooses from a catalog.
struct BackupChooser {
  var catalog: Catalog
  var cluster: String
  var trust: TrustPolicy
  var requiresSignature: Bool
  /// Whether its chains have points between their links' cuts.
  var restoresWithinLinks = false

  /// Folders of doubt that a run names; the rest is counted.
  private static let named = 20

  /// - Throws: `DrillError` with `catalog-empty` or `no-such-backup`.
  func choose(_ selection: DrillFile.BackupSelection) throws -> BackupChoice {
    // A backup that is named is the one that is meant, whatever it claims: the manifest's check says whose it is.
    if case .id(let id) = selection { return BackupChoice(entries: [try catalog.entry(named: id)]) }
    if case .point(let tip, let point) = selection {
      var choice = try choose(tip.map { .id($0) } ?? .latest)
      choice.point = point
      return choice
    }
    let all = try catalog.entries()
    let weighed = all.map(weigh)
    let ours = weighed.filter { $0.kind == .ours }
    let doubtful = weighed.filter { $0.kind == .doubtful }
    guard !ours.isEmpty || !doubtful.isEmpty else {
      throw DrillError(
        .catalogEmpty, stage: .catalog, subject: cluster,
        detail: all.isEmpty
          ? "the catalog holds no backup; see whether the backup job ran"
          : "the catalog holds no backup of this cluster")
    }
    var choice: BackupChoice
    switch selection {
    case .id, .point, .checkpoint, .unsealed: preconditionFailure("taken before")
    case .latest: choice = newest(ours, doubtful, until: nil)
    case .at(let time):
      choice = newest(ours.filter { $0.cut <= time }, doubtful, until: time)
      guard !choice.entries.isEmpty else {
        throw DrillError(
          .noSuchBackup, stage: .catalog, subject: time.description, detail: "no backup's cut is as old as this")
      }
      if let increment = increment(on: choice.entries[0], past: time, among: ours) {
        choice.entries = [increment]
        choice.point = .time(time)
      }
    case .after(let time):
      guard let first = ours.filter({ $0.cut > time }).min(by: { ($0.cut, $0.entry.id) < ($1.cut, $1.entry.id) }) else {
        throw DrillError(
          .noSuchBackup, stage: .catalog, subject: time.description, detail: "no backup's cut is after this")
      }
      choice = BackupChoice(entries: [first.entry])
    case .rotation(let time):
      choice = newest(ours.filter { $0.cut < time }, doubtful, until: time)
      let after = ours.filter { $0.cut >= time }.min { ($0.cut, $0.entry.id) < ($1.cut, $1.entry.id) }
      guard let after, !choice.entries.isEmpty else {
        throw DrillError(
          .noSuchBackup, stage: .catalog, subject: time.description,
          detail: "no backup's cut is \(after == nil ? "after" : "before") this change of keys")
      }
      choice.entries.append(after.entry)
    case .sample(let count, let seed):
      // The k smallest of a keyed hash, like every sample: the same backups whatever else the catalog gained since.
      let drawn = (ours + doubtful).map { ($0, SipHash(seed: seed).hash(Array($0.entry.id.utf8))) }
        .sorted { $0.1 < $1.1 }.prefix(count).map(\.0)
      choice = BackupChoice(entries: drawn.sorted { ($0.age, $0.entry.id) < ($1.age, $1.entry.id) }.map(\.entry))
    }
    choice.notes += weighed.compactMap(\.note)
    return choice
  }

  /// The increment that goes on from a backup and holds a time, where its changes can be made up to that.
  private func increment(on entry: Catalog.Entry, past time: Instant, among ours: [Weighed]) -> Catalog.Entry? {
    guard restoresWithinLinks, entry.claimed?.cut.time != time else { return nil }
    return ours.filter { $0.predecessor == entry.id && $0.cut > time }.map(\.entry).min { $0.id < $1.id }
  }

  private func newest(_ ours: [Weighed], _ doubtful: [Weighed], until end: Instant?) -> BackupChoice {
    let possible = doubtful.filter { $0.canBe(newerThan: nil, until: end) }
    guard
      let chosen = ours.max(by: { ($0.cut, $0.entry.id) < ($1.cut, $1.entry.id) })
        ?? possible.max(by: { ($0.age, $0.entry.id) < ($1.age, $1.entry.id) })
    else { return BackupChoice(entries: []) }
    let doubts = possible.filter { $0.entry.id != chosen.entry.id && $0.canBe(newerThan: chosen, until: end) }
      .sorted { ($0.age, $0.entry.id) > ($1.age, $1.entry.id) }
    var choice = BackupChoice(
      entries: [chosen.entry], doubts: doubts.prefix(BackupChooser.named).flatMap(\.findings))
    if doubts.count > BackupChooser.named {
      choice.notes.append(
        "\(doubts.count - BackupChooser.named) more folders that could be newer have manifests that cannot be used")
    }
    return choice
  }

  // MARK: Weighing

  private struct Weighed {
    enum Kind {
      /// A usable manifest of the cluster.
      case ours
      /// No usable manifest, and it may be the cluster's.
      case doubtful
      /// Another cluster's, or no backup at all.
      case other
    }

    var kind: Kind
    var entry: Catalog.Entry
    var name: BackupName?
    /// When the folder, or the manifest in it, was last changed.
    var fileTime: Instant
    var cut = Instant(millisecondsSince1970: .min)
    var predecessor: String?
    var findings: [Finding] = []
    var note: String?

    /// As old as it is known to be.
    var age: Instant { kind == .ours ? cut : name?.time ?? fileTime }

    /// Whether its name, or its files' times, leave it possible.
    func canBe(newerThan other: Weighed?, until end: Instant?) -> Bool {
      func fits(_ time: Instant, _ others: Instant?) -> Bool {
        others.map { time > $0 } ?? true && end.map { time <= $0 } ?? true
      }
      let byName = name.map { fits($0.time, other.map { $0.name?.time ?? $0.cut }) } ?? false
      return byName || fits(fileTime, other?.fileTime)
    }
  }

  private func weigh(_ entry: Catalog.Entry) -> Weighed {
    let name = BackupName(entry.id)
    let checked = ManifestCheck(backup: entry.id, trust: trust, requiresSignature: requiresSignature)
      .check(try? catalog.envelope(of: entry.id))
    var weighed = Weighed(kind: .doubtful, entry: entry, name: name, fileTime: catalog.fileTime(of: entry.id))
    if let manifest = checked.manifest {
      weighed.kind = manifest.cluster == cluster ? .ours : .other
      weighed.cut = manifest.cut.time
      weighed.predecessor = manifest.predecessor?.backup
    } else if let name, name.cluster != cluster {
      weighed.kind = .other
      weighed.note = "\(entry.id): its manifest cannot be used; by its name it is of cluster \(name.cluster)"
    } else if name == nil, !catalog.mayHaveManifest(entry.id) {
      weighed.kind = .other
      weighed.note = "\(entry.id): no backup, it has neither a manifest nor a backup's name"
    }
    weighed.findings = checked.findings
    return weighed
  }
}

extension Catalog {
  /// When a backup's folder or its manifest was last changed; the distant past where neither can be seen.
  fileprivate func fileTime(of id: String) -> Instant {
    let times = ["\(root)/\(id)", "\(root)/\(id)/\(Catalog.manifestName)"].compactMap { path -> Instant? in
      var status = stat()
      guard lstat(path, &status) == 0 else { return nil }
      return Instant(
        millisecondsSince1970: Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000)
    }
    return times.max() ?? Instant(millisecondsSince1970: .min)
  }

  /// False only where it is certain that there is none.
  fileprivate func mayHaveManifest(_ id: String) -> Bool {
    var status = stat()
    return lstat("\(root)/\(id)/\(Catalog.manifestName)", &status) == 0 || errno != ENOENT
  }
}
