import DrillModel
import Foundation
import Testing

@testable import DrillEngines

@Suite("A child process")
struct ChildProcessTests {
  private func shell(_ script: String, input: String = "") -> ChildProcess.Launch {
    .init(
      executable: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/bin:/usr/bin"], input: Array(input.utf8)
    )
  }

  @Test("tells its ending and what it said, with nothing of ours in its environment")
  func endings() async throws {
    let child = try await ChildProcess.start(shell("cat; echo err >&2; printf tail; exit 3", input: "in\n"))
    #expect(await child.waitForEnd() == .exited(3))
    #expect(child.lines == ["in", "err", "tail"])
    let killed = try await ChildProcess.start(shell("kill -9 $$"))
    #expect(await killed.waitForEnd() == .signalled(9))
    let environment = try await ChildProcess.start(shell("env | grep -c HOME"))
    #expect(await environment.waitForEnd() == .exited(1))
    let error = await #expect(throws: DrillError.self) {
      try await ChildProcess.start(.init(executable: "/nowhere", arguments: []))
    }
    #expect(error?.code == .serverFailed)
  }

  @Test("sees none of our open files")
  func closedFiles() async throws {
    let pipe = Pipe()
    let number = pipe.fileHandleForReading.fileDescriptor
    let child = try await ChildProcess.start(
      shell("test -e /proc/self/fd/\(number) && echo open; ls /proc/$$/fd | wc -l"))
    #expect(await child.waitForEnd() == .exited(0))
    #expect(!child.lines.contains("open"))
  }

  @Test("keeps only its last lines")
  func lastLines() async throws {
    let child = try await ChildProcess.start(shell("seq 1 5000"))
    _ = await child.waitForEnd()
    #expect(child.lines.count == 200)
    #expect(child.lines.last == "5000")
  }

  @Test("ends without waiting for others that were started at the same time")
  func together() async throws {
    for _ in 0..<4 {
      let children = try await withThrowingTaskGroup(of: ChildProcess.self) { group in
        for _ in 0..<8 { group.addTask { try await ChildProcess.start(shell("exec sleep 600")) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      let waiting = Task { for child in children { await child.end() } }
      let watch = Task {
        // Only where one keeps another's output open is there anything to free.
        try await Task.sleep(for: .seconds(60))
        for child in children where child.ending == nil {
          Issue.record("a child that was killed still counts as running: its output is open elsewhere")
        }
        _ = children.map { child in Task { await child.end() } }
      }
      await waiting.value
      watch.cancel()
    }
  }

  @Test("takes with it what it started itself, which would keep its output open", .timeLimit(.minutes(1)))
  func wholeGroup() async throws {
    let child = try await ChildProcess.start(shell("sleep 600 & echo $!; wait"))
    while child.lines.isEmpty { await Task.yield() }
    await child.end()
    #expect(child.ending == .signalled(9))
    let started = try #require(pid_t(child.lines[0]))
    // Nobody holds the output any more; its entry goes as soon as its new parent has taken note.
    while let state = try? String(contentsOfFile: "/proc/\(started)/stat", encoding: .utf8) {
      if state.contains(") Z ") { break }
      await Task.yield()
    }
  }
}
