import DrillModel
import Testing

@testable import DrillEngines

@Suite("A server's last words")
struct RedisServerLogTests {
  private let start = "12:M 09 Sep 2001 01:46:40.123 # Server initialized"

  private func error(_ lines: [String], _ ending: ChildProcess.Ending = .exited(1)) -> any Error {
    RedisServerLog(lines: lines, artifactBytes: 1 << 20).error(shard: "a", ending: ending)
  }

  @Test("carry no process, time or path")
  func words() {
    let log = RedisServerLog(
      lines: [start, "12:M 09 Sep 2001 01:46:40.123 # Cannot open /secret/place/dump.rdb now"], artifactBytes: 1)
    #expect(log.lastWords == ["Server initialized", "Cannot open … now"])
    let check = RedisServerLog(
      lines: [
        start, "12:M 09 Sep 2001 01:46:40.123 # RDB has duplicated key 'it's secret' in DB 0",
        "[offset 27] AUX FIELD redis-ver = '7.0.15'",
        "[offset 101] Unexpected EOF reading RDB file", "[additional info] Reading key 'secret'", "[info] 1 keys read",
      ], artifactBytes: 1)
    #expect(
      check.lastWords == [
        "Server initialized", "RDB has duplicated key '…' in DB 0", "[offset 101] Unexpected EOF reading RDB file",
      ])
  }

  @Test("tell wrong data from what could not be looked at")
  func classes() {
    #expect(error([start, "Short read or OOM loading DB. Unrecoverable error, aborting now."]) is RestoreRejected)
    // Exit status 0 after a load that failed is a rejection all the same.
    #expect(error([start, "The RDB file contains module data I can't load"], .exited(0)) is RestoreRejected)
    #expect((error(["*** FATAL CONFIG FILE ERROR"]) as? DrillError)?.code == .serverFailed)
    #expect((error([start], .signalled(9)) as? DrillError)?.code == .memoryBudget)
    #expect((error([start, "Out Of Memory allocating 4096 bytes!"]) as? DrillError)?.code == .memoryBudget)
    #expect(
      (error([start, "rdbGenericLoadStringObject failed allocating 2000000 bytes"]) as? DrillError)?.code
        == .memoryBudget)
    // No file of one mebibyte holds a string of a tebibyte: that length is damage.
    #expect(error([start, "rdbGenericLoadStringObject failed allocating 1099511627776 bytes"]) is RestoreRejected)
    #expect((error([start, "Can't handle RDB format version 99"]) as? RestoreRejected)?.isVersion == true)
  }
}
