import DrillEngines
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("A drill of who may do what", .serialized)
struct AccessDrillTests {
  private static let alice = "on >a ~cache:* %R~stats:* &news:* -@all +@read +set +config|get (~own:* +@write)"
  private static let list = """
    user default off nopass ~* &* +@all
    user admin on >pw ~* &* +@all
    user alice \(alice)
    user gone off >g ~* +@read

    """

  private static func cluster(_ server: LiveServers.Server, user: String? = "admin") -> String {
    """
    mode: standalone
    nodes: ["127.0.0.1:\(server.port)"]
    \(user.map { "auth: {user: \($0), password_file: password}" } ?? "")
    """
  }

  /// A server with the users of ``list``, captured.
  private static func withBench<R: Sendable>(
    as user: String = "admin", _ more: [String] = [], _ body: (DrillBench) async throws -> R
  ) async throws -> R {
    try await TemporaryFolder.with { folder in
      let credentials = RedisCredentials(username: "admin", password: Secret("pw"))
      let plan = LiveServers.Plan(
        lines: { port, _ in ["port \(port)"] + list.split(separator: "\n").map(String.init) + more },
        credentials: credentials)
      return try await LiveServers.with(plan, in: folder) { server in
        try await LiveBench.fill([server], credentials, isCluster: false)
        return try await body(try await LiveBench.capture(folder, cluster(server, user: user)))
      }
    }
  }

  private static func drill(_ access: String) -> DrillBench.Drill {
    .init(level: .restored, more: ["access: \(access)"])
  }

  private static func expecting(_ list: String, _ bench: DrillBench) throws -> DrillBench.Drill {
    try Data(list.utf8).write(to: URL(fileURLWithPath: bench.folder + "/users.acl"))
    return drill("{expected: users.acl}")
  }

  @Test(
    "passes where backup, restored server and expected list agree, in another order, and finds each way in which they do not"
  )
  func rules() async throws {
    try await Self.withBench { bench in
      let clean = try await bench.run(
        try Self.expecting(Self.list.replacing("+@read +set", with: "+set +@read"), bench))
      expectClean(clean, at: .restored)
      #expect(clean.coverage.contains { $0.of == Run.StageCoverage.access && $0.coverage.examined == 1 })
      #expect(clean.notes.contains { $0.contains("4 users of 1 restored servers tried") }, "\(clean.notes)")
      #expect(clean.files.values.allSatisfy { !$0.contains("user alice") })
      expectClean(try await bench.run(Self.drill("captured")), at: .restored)

      func faulty(_ alice: String) async throws -> Set<FindingCode> {
        let run = try await bench.run(
          try Self.expecting(Self.list.replacing("user alice \(Self.alice)", with: "user alice \(alice)"), bench))
        #expect(run.verdict == .fail && run.firstFailingStage == .restore, "\(alice)")
        #expect(run.level == .restored, "\(alice)")
        return Set(run.findings.map(\.code))
      }
      // What the backup gives, and the expected list does not; and the other way round.
      #expect(try await faulty(Self.alice.replacing("+set ", with: "")) == [.accessDiffers, .accessExcess])
      #expect(
        try await faulty(Self.alice.replacing("~cache:*", with: "~cash:*")) == [
          .accessDiffers, .accessExcess, .accessDenied,
        ])
      #expect(try await faulty(Self.alice.replacing("%R~stats", with: "~stats")) == [.accessDiffers, .accessDenied])
      #expect(try await faulty(Self.alice.replacing("+set", with: "+set +info")) == [.accessDiffers, .accessDenied])
      #expect(try await faulty(Self.alice.replacing("&news:*", with: "&olds:*")) == [.accessDiffers])
      #expect(try await faulty(Self.alice.replacing(">a", with: ">b")) == [.accessDiffers])
      #expect(try await faulty(Self.alice.replacing("(~own:* +@write)", with: "")) == [.accessDiffers, .accessExcess])
      // The order of what adds and what takes away.
      #expect(
        try await faulty(Self.alice.replacing("-@all +@read +set +config|get", with: "+@read +set +config|get -@read"))
          == [.accessDiffers, .accessExcess])
      let gone = try await bench.run(
        try Self.expecting(Self.list.replacing("user gone off >g ~* +@read\n", with: ""), bench))
      expect(gone, .fail, [.accessDiffers], at: .restore)
    }
  }

  @Test("finds a restored store that is open to whoever comes, unless that is what is expected")
  func open() async throws {
    try await TemporaryFolder.with { folder in
      try await LiveServers.with(.plain(), in: folder) { server in
        try await LiveBench.fill([server], .none, isCluster: false)
        let bench = try await LiveBench.capture(folder, Self.cluster(server, user: nil))
        expect(try await bench.run(Self.drill("captured")), .fail, [.accessOpen], at: .restore)
        let meant = try await bench.run(try Self.expecting("user default on nopass ~* &* +@all\n", bench))
        expectClean(meant, at: .restored)
      }
    }
  }

  @Test("is inconclusive where the backup says nothing of users, which the capture notes")
  func untold() async throws {
    let firedrill = "user firedrill on >pw ~* &* +@all -acl"
    try await Self.withBench(as: "firedrill", [firedrill]) { bench in
      let run = try await bench.run(Self.drill("captured"))
      expect(run, .inconclusive, obstacles: [.referenceUnavailable])
      #expect(run.level == .restored)
      expectClean(try await bench.run(.init(level: .restored)), at: .restored)
    }
  }
}

@Suite("A drill of the modes of SQLite's files", .capturedShop)
struct ModeDrillTests {
  @Test("finds a mode that production's file should not have had")
  func mode() async throws {
    try await CapturedShop.withBench { bench in
      let mode = try #require(try bench.dataArtifacts().first?.mode)
      expectClean(try await bench.run("access: {mode: \"\(mode)\"}"))
      let run = try await bench.run("access: {mode: \"\(mode == "0600" ? "0640" : "0600")\"}")
      expect(run, .fail, [.accessDiffers], at: .restore)
      try bench.reseal { manifest in
        for index in manifest.artifacts.indices { manifest.artifacts[index].mode = nil }
      }
      expect(
        try await bench.run("access: {mode: \"\(mode)\"}"), .inconclusive, obstacles: [.referenceUnavailable])
    }
  }
}
