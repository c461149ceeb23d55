import DrillCrypto
import DrillModel
import Foundation

/// A shell command that carries a query to a time-stamp authority: the query on its standard input, the reply on its standard output.
struct StampCommand: Sendable {
  private let command: String
  private let folder: String

  private static let patience = Duration.seconds(60)

  /// - Parameter folder: where query and reply are kept while it runs.
  init(_ command: String, in folder: String) {
    self.command = command
    self.folder = folder
  }

  /// - Throws: `DrillError`: `timed-out`, `unreachable` where the command fails or says nothing, `io`.
  func reply(to request: TimeStampRequest) async throws -> [UInt8] {
    let (query, reply) = ("\(folder)/query.tsq", "\(folder)/reply.tsr")
    do {
      try Data(request.bytes).write(to: URL(fileURLWithPath: query))
      try Data().write(to: URL(fileURLWithPath: reply))
      let status = try await run(
        input: try FileHandle(forReadingFrom: URL(fileURLWithPath: query)),
        output: try FileHandle(forWritingTo: URL(fileURLWithPath: reply)))
      guard status == 0 else {
        throw DrillError(
          .unreachable, subject: "time stamp",
          detail: "the command ended with status \(status); what it said stands above. Nothing was exported")
      }
      return try EvidenceInput.read(reply, limit: 1 << 20)
    } catch let error as DrillError {
      throw error
    } catch {
      throw DrillError(.io, subject: "time stamp", detail: "the command cannot be run: \(error)", underlying: error)
    }
  }

  private func run(input: FileHandle, output: FileHandle) async throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.standardInput = input
    process.standardOutput = output
    // What the authority's program has to say is for the person, and must not mix with our own output.
    process.standardError = FileHandle.standardError
    let (ended, end) = AsyncStream.makeStream(of: Int32.self)
    process.terminationHandler = {
      end.yield($0.terminationReason == .exit ? $0.terminationStatus : 128 + $0.terminationStatus)
      end.finish()
    }
    try process.run()
    let identifier = process.processIdentifier
    return try await withTaskCancellationHandler {
      try await withThrowingTaskGroup(of: Int32.self) { group in
        group.addTask {
          for await status in ended { return status }
          throw CancellationError()
        }
        group.addTask {
          try await Task.sleep(for: StampCommand.patience)
          kill(identifier, SIGKILL)
          throw DrillError(
            .timedOut, subject: "time stamp",
            detail: "the command gave no reply within \(StampCommand.patience); nothing was exported")
        }
        defer { group.cancelAll() }
        return try await group.next() ?? -1
      }
    } onCancel: {
      kill(identifier, SIGKILL)
    }
  }
}
