import DrillCrypto
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("Which backup a drill takes, and", .capturedShop)
struct BackupChoiceTests {
  /// Where a folder's files say that they are from, in relation to the captured backup.
  private enum FileTime { case older, newer }

  /// Stores the backup a second time, under a name of another hour of the same day.
  private func store(
    _ bench: DrillBench, hours: Int, files: FileTime, cluster: String = "shop",
    _ change: (inout Manifest) -> Void = { _ in }
  ) throws -> DrillBench {
    let cut = try bench.manifest().cut.time
    let time = Instant(millisecondsSince1970: cut.millisecondsSince1970 + Int64(hours) * 3_600_000)
    let stamp = time.description.prefix(19).filter { $0 != "-" && $0 != ":" }
    let other = DrillBench(folder: bench.folder, backup: "\(cluster)-\(stamp)Z-abcdef")
    try FileManager.default.copyItem(atPath: bench.backupFolder, toPath: other.backupFolder)
    try other.reseal { manifest in
      manifest.backup = other.backup
      manifest.cluster = cluster
      manifest.cut.time = time
      change(&manifest)
    }
    try touch(other, files)
    return other
  }

  private func touch(_ other: DrillBench, _ files: FileTime) throws {
    let date = Date(timeIntervalSinceNow: files == .newer ? 7200 : -7200)
    for path in [other.manifestPath, other.backupFolder] where FileManager.default.fileExists(atPath: path) {
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
    }
  }

  /// Changes the manifest without a key, and leaves the file's time as it was.
  private func edit(_ other: DrillBench, _ files: FileTime, _ old: String, _ new: String) throws {
    let envelope = try Envelope(parsing: Array(try Data(contentsOf: URL(fileURLWithPath: other.manifestPath))))
    let text = String(decoding: envelope.payload, as: UTF8.self)
    let edited = text.replacing(old, with: new)
    #expect(edited != text)
    try Data(try Envelope(payload: Array(edited.utf8), signatures: envelope.signatures).encoded())
      .write(to: URL(fileURLWithPath: other.manifestPath))
    try touch(other, files)
  }

  private func expectDoubt(
    _ run: Run, about other: DrillBench, _ code: FindingCode, chosen: String,
    location: SourceLocation = #_sourceLocation
  ) {
    expect(run, .fail, [code], at: .manifest, location: location)
    #expect(run.findings.map(\.subject.backup) == [other.backup], sourceLocation: location)
    #expect(run.backups.map(\.backup) == [chosen], sourceLocation: location)
    // The one that was chosen is drilled all the same.
    #expect(run.level == .answers, sourceLocation: location)
  }

  @Test("a newer backup whose cut was edited to be old is named, and the newest one that may be used is drilled")
  func editedCut() async throws {
    try await CapturedShop.withBench { bench in
      let newer = try store(bench, hours: 1, files: .older)
      let clean = try await bench.run()
      expectClean(clean)
      #expect(clean.backups.map(\.backup) == [newer.backup])
      let year = try #require(try newer.manifest().cut.time.description.split(separator: "-").first)
      try edit(newer, .older, "\"time\":\"\(year)-", "\"time\":\"2001-")
      expectDoubt(try await bench.run(), about: newer, .signatureInvalid, chosen: bench.backup)
    }
  }

  @Test("a newer backup whose cluster was edited is named")
  func editedCluster() async throws {
    try await CapturedShop.withBench { bench in
      let newer = try store(bench, hours: 1, files: .older)
      try edit(newer, .older, "\"cluster\":\"shop\"", "\"cluster\":\"bank\"")
      expectDoubt(try await bench.run(), about: newer, .signatureInvalid, chosen: bench.backup)
    }
  }

  @Test("a newer backup without a readable manifest is named, and an older one is not")
  func unreadable() async throws {
    try await CapturedShop.withBench { bench in
      let older = try store(bench, hours: -1, files: .older)
      try Data("{".utf8).write(to: URL(fileURLWithPath: older.manifestPath))
      try touch(older, .older)
      expectClean(try await bench.run())
      let newer = try store(bench, hours: 1, files: .older)
      try FileManager.default.removeItem(atPath: newer.manifestPath)
      try touch(newer, .older)
      expectDoubt(try await bench.run(), about: newer, .manifestUnreadable, chosen: bench.backup)
    }
  }

  @Test("a backup that was moved to an older name, and so may not be used, is named by the times of its files")
  func renamed() async throws {
    try await CapturedShop.withBench { bench in
      let old = try store(bench, hours: -1, files: .newer) { $0.backup = "shop-20990101T000000Z-abcdef" }
      expectDoubt(try await bench.run(), about: old, .manifestMismatch, chosen: bench.backup)
      try touch(old, .older)
      expectClean(try await bench.run())
    }
  }

  @Test("what is no backup, or another cluster's by its name, is noted and fails nothing")
  func strangers() async throws {
    try await CapturedShop.withBench { bench in
      for name in ["lost+found", "zzz"] {
        try FileManager.default.createDirectory(atPath: "\(bench.catalog)/\(name)", withIntermediateDirectories: false)
      }
      let banks = try store(bench, hours: 1, files: .newer, cluster: "bank")
      try FileManager.default.removeItem(atPath: banks.manifestPath)
      let run = try await bench.run()
      expectClean(run)
      #expect(run.backups.map(\.backup) == [bench.backup])
      for name in ["lost+found", "zzz", banks.backup] {
        #expect(run.notes.contains { $0.hasPrefix(name + ":") }, "\(name)")
      }
    }
  }

  @Test("with a time, what could lie between the chosen one and that time is named, and what is later is not")
  func atTime() async throws {
    try await CapturedShop.withBench { bench in
      let cut = try bench.manifest().cut.time
      let limit = Instant(millisecondsSince1970: cut.millisecondsSince1970 + 2 * 3_600_000)
      let drill = DrillBench.Drill(more: ["backup: {at: \(limit)}"])
      let later = try store(bench, hours: 3, files: .newer)
      expectClean(try await bench.run(drill))
      try edit(later, .newer, "\"cluster\":\"shop\"", "\"cluster\":\"bank\"")
      let clean = try await bench.run(drill)
      expectClean(clean)
      #expect(clean.backups.map(\.backup) == [bench.backup])
      let between = try store(bench, hours: 1, files: .newer)
      try edit(between, .newer, "\"cluster\":\"shop\"", "\"cluster\":\"bank\"")
      expectDoubt(try await bench.run(drill), about: between, .signatureInvalid, chosen: bench.backup)
    }
  }

  @Test("a manifest that claims an engine that there is not is a finding of its run, whoever sealed it")
  func unknownEngine() async throws {
    try await CapturedShop.withBench { bench in
      try bench.reseal { $0.engine = "abacus" }
      expect(try await bench.run(), .fail, [.manifestMismatch], at: .manifest)
      try bench.reseal { $0.engine = "sqlite" }
      expectClean(try await bench.run())
    }
  }
}
