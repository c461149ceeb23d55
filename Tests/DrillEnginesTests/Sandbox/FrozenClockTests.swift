import Foundation
import Testing

@testable import DrillEngines

@Suite("The frozen clock")
struct FrozenClockTests {
  private func run(_ milliseconds: String?, _ arguments: [String]) async throws -> [String] {
    let library = try #require(SandboxTools.found().frozenClock, "libCFrozenClock.so lies beside the tests")
    var environment = ["PATH": "/bin:/usr/bin", "LD_PRELOAD": library]
    environment["FIREDRILL_CLOCK_MS"] = milliseconds
    let child = try await ChildProcess.start(
      .init(executable: arguments[0], arguments: Array(arguments.dropFirst()), environment: environment))
    #expect(await child.waitForEnd() == .exited(0))
    return child.lines
  }

  @Test("stands where the environment says, to the millisecond")
  func stands() async throws {
    let found1 = try await run("1000000000123", ["/bin/date", "-u", "+%s%N"])
    #expect(found1 == ["1000000000123000000"])
    let found2 = try await run("0", ["/bin/date", "-u", "+%s%N"])
    #expect(found2 == ["0000000000"])
  }

  @Test(
    "runs where the environment says nothing, or nothing that is a time",
    arguments: [nil, "", "tomorrow", "12x", "99999999999999999999"])
  func runs(_ text: String?) async throws {
    let before = Int(Date().timeIntervalSince1970)
    let said = try await run(text, ["/bin/date", "+%s"]).first.flatMap { Int($0) } ?? 0
    #expect((before...Int(Date().timeIntervalSince1970) + 1).contains(said))
  }

  @Test("is found where the environment points, and nowhere else then")
  func isFound() {
    #expect(SandboxTools.found(environment: ["FIREDRILL_FROZEN_CLOCK": "/nowhere"]).frozenClock == nil)
    #expect(SandboxTools.found(environment: ["FIREDRILL_FROZEN_CLOCK": "/etc/passwd"]).frozenClock == "/etc/passwd")
    #expect(SandboxTools.found(environment: ["PATH": "/nowhere"]).bwrap == nil)
  }
}
