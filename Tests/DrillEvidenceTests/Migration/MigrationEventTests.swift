import DrillEvidence
import DrillModel
import Foundation
import Testing

@Suite("Events of a migration")
struct MigrationEventTests {
  private let now = SampleMigration.time(600)

  private func withLedger(_ body: (Ledger) throws -> Void) throws {
    try withTemporaryFolder { folder in try body(try Ledger.open(at: folder + "/ledger.sqlite")) }
  }

  private func refusal(_ ledger: Ledger, _ events: MigrationPublication...) -> DrillError? {
    do {
      _ = try ledger.publish(events, at: now)
      return nil
    } catch {
      return error as? DrillError
    }
  }

  @Test("go from stage to stage, several within one, and the ledger verifies with them")
  func forward() throws {
    try withLedger { ledger in
      for stage in SampleMigration.stages {
        let published = try ledger.publish([SampleMigration.event(stage)], at: now)
        #expect(published.map(\.isNew) == [true])
        guard !stage.isEnd else { continue }
        _ = try ledger.publish([SampleMigration.event(stage, id: "more-\(stage.rawValue)", note: "still")], at: now)
      }
      let migration = try #require(try ledger.history().migrations(of: "shop").first)
      #expect(migration.stage == .finalized && !migration.isOpen && migration.events.count == 15)
      #expect(try ledger.verify(anchors: [], trusted: []).isSound)
    }
  }

  @Test("that are published twice under one id are recorded once, also where the second time names no time")
  func idempotent() throws {
    try withLedger { ledger in
      let event = SampleMigration.event(.planned)
      let first = try ledger.publish([event], at: now)
      #expect(try ledger.publish([event], at: now) == [PublishedEvent(event: first[0].event, leaf: 0, isNew: false)])
      var timeless = event
      timeless.at = nil
      #expect(try ledger.publish([timeless], at: SampleMigration.time(900)).map(\.isNew) == [false])
      // Also long after the stage is over.
      _ = try ledger.publish([SampleMigration.event(.snapshotting)], at: now)
      #expect(try ledger.publish([event], at: now).map(\.isNew) == [false])
      #expect(try ledger.history().migrationEvents.count == 2)
      // Within one list as well.
      let twice = SampleMigration.event(.copying)
      #expect(try ledger.publish([twice, twice], at: now).map(\.isNew) == [true, false])
    }
  }

  @Test("whose id is taken by something else are refused")
  func differing() throws {
    try withLedger { ledger in
      _ = try ledger.publish([SampleMigration.event(.planned)], at: now)
      for change in [
        { $0.note = "x" }, { $0.at = SampleMigration.time(1) }, { $0.stage = .snapshotting }, { $0.backup = "b" },
        { $0.moves = nil }, { $0.migration = "other" },
      ] as [(inout MigrationPublication) -> Void] {
        var event = SampleMigration.event(.planned)
        change(&event)
        #expect(refusal(ledger, event)?.code == .eventDiffers)
      }
      #expect(try ledger.history().size == 1)
    }
  }

  @Test("of a migration that nobody planned are refused, with the name that may have been meant")
  func unknown() throws {
    try withLedger { ledger in
      #expect(refusal(ledger, SampleMigration.event(.copying))?.code == .migrationUnknown)
      _ = try ledger.publish([SampleMigration.event(.planned)], at: now)
      let error = refusal(ledger, SampleMigration.event(.snapshotting, migration: "reshrad-7"))
      #expect(error?.code == .migrationUnknown && error?.detail.contains("recorded are reshard-7") == true)
      #expect(try ledger.history().size == 1)
    }
  }

  @Test("that leave a stage out, go back, or come after the end are refused, and say what comes next")
  func order() throws {
    for reached in MigrationStage.allCases {
      try withLedger { ledger in
        let path =
          reached == .rolledBack
          ? [.planned, .rolledBack] : SampleMigration.stages.prefix { $0 != reached } + [reached]
        _ = try ledger.publish(path.map { SampleMigration.event($0) }, at: now)
        let size = try ledger.history().size
        for stage in MigrationStage.allCases where !reached.following.contains(stage) {
          let error = refusal(ledger, SampleMigration.event(stage, id: "late", at: now))
          #expect(error?.code == .eventOutOfOrder, "\(reached) \(stage)")
          if let next = reached.next { #expect(error?.detail.contains("'\(next.rawValue)'") == true) }
        }
        #expect(try ledger.history().size == size)
        for stage in reached.following { #expect(stage == reached || stage == reached.next || stage == .rolledBack) }
      }
    }
  }

  @Test("from the future, and from before one that is recorded, are refused beyond a minute")
  func times() throws {
    try withLedger { ledger in
      func shifted(_ stage: MigrationStage, _ base: Instant, _ milliseconds: Int64) -> MigrationPublication {
        SampleMigration.event(
          stage, id: "\(stage.rawValue)\(milliseconds)",
          at: Instant(millisecondsSince1970: base.millisecondsSince1970 + milliseconds))
      }
      #expect(refusal(ledger, shifted(.planned, now, 60_001))?.code == .eventFromFuture)
      _ = try ledger.publish([shifted(.planned, now, 60_000)], at: now)
      let last = Instant(millisecondsSince1970: now.millisecondsSince1970 + 60_000)
      #expect(refusal(ledger, shifted(.snapshotting, last, -60_001))?.code == .eventOutOfOrder)
      _ = try ledger.publish([shifted(.snapshotting, last, -60_000)], at: now)
      #expect(try ledger.history().size == 2)
    }
  }

  @Test("that make no sense by themselves are refused")
  func senseless() throws {
    try withLedger { ledger in
      let move = SampleMigration.move
      for change in [
        { $0.id = " " }, { $0.id = String(repeating: "x", count: 201) }, { $0.migration = "a/b" },
        { $0.migration = "" },
        { $0.cluster = "" }, { $0.backup = "" }, { $0.note = String(repeating: "x", count: 4097) },
        { $0.moves = [.init(slots: SlotSet(), source: "a", target: "b")] },
        { $0.moves = [.init(slots: SlotSet(0...1), source: "a", target: "a")] },
        { $0.moves = [.init(slots: SlotSet(0...1), source: "", target: "a")] },
        { $0.moves = [move, .init(slots: SlotSet(99...200), source: "c", target: "d")] },
      ] as [(inout MigrationPublication) -> Void] {
        var event = SampleMigration.event(.planned)
        change(&event)
        #expect(refusal(ledger, event)?.code == .usage, "\(event)")
      }
      let size = try ledger.history().size
      #expect(size == 0)
    }
  }

  @Test("in a list are recorded all or none")
  func whole() throws {
    try withLedger { ledger in
      let error = refusal(
        ledger, SampleMigration.event(.planned), SampleMigration.event(.snapshotting), SampleMigration.event(.quiesced))
      #expect(error?.code == .eventOutOfOrder)
      let size = try ledger.history().size
      #expect(size == 0)
    }
  }

  @Test("are read from JSON, one or a list; what an event has not is refused")
  func json() throws {
    let text = """
      {"id": "e1", "cluster": "shop", "migration": "reshard-7", "stage": "planned",
       "moves": [{"slots": "0-99", "source": "a", "target": "b"}]}
      """
    let one = try MigrationPublication.read(Array(text.utf8), file: "event.json")
    #expect(one.map(\.moves) == [[SampleMigration.move]] && one[0].at == nil)
    #expect(try MigrationPublication.read(Array(" [\(text), \(text)]".utf8), file: "events.json").count == 2)
    for bad in [
      "", "[", "{}", "[1]", text.replacing("\"stage\"", with: "\"stages\""), text.replacing("0-99", with: "0-16384"),
      text.replacing("planned", with: "cutover"), text.replacing("\"id\"", with: "\"extra\": 1, \"id\""),
    ] {
      #expect {
        _ = try MigrationPublication.read(Array(bad.utf8), file: "event.json")
      } throws: {
        ($0 as? DrillError)?.code == .badFile
      }
    }
  }

  @Test("of tools that publish at once each pass the gates or are refused, and every stage is recorded once")
  func concurrent() async throws {
    try await inTemporaryFolder { folder in
      let path = folder + "/ledger.sqlite"
      _ = try Ledger.open(at: path)
      // Eight tools try to carry the same migration on, each under ids of its own; who comes second hears that the stage is passed.
      let taken = await withTaskGroup(of: [String].self) { group in
        for tool in 0..<8 {
          group.addTask { [now] in
            guard let ledger = try? Ledger.open(at: path) else { return [] }
            return SampleMigration.stages.filter { stage in
              let event = SampleMigration.event(stage, id: "tool\(tool)-\(stage.rawValue)", at: now)
              return (try? ledger.publish([event], at: now)) != nil
            }.map { "tool\(tool)-\($0.rawValue)" }
          }
        }
        return await group.reduce(into: []) { $0 += $1 }
      }
      let ledger = try Ledger.open(at: path, mode: .readOnly)
      let events = try ledger.history().migrationEvents
      #expect(Set(events.map(\.body.id)) == Set(taken) && events.count == taken.count)
      for (before, after) in zip(events, events.dropFirst()) {
        #expect(before.body.stage.following.contains(after.body.stage))
      }
      #expect(events.last?.body.stage == .finalized)
      #expect(try ledger.verify(anchors: [], trusted: []).isSound)
    }
  }
}
