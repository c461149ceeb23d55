import DrillEngines
import DrillModel
import Foundation

/// Asks S3 through the AWS command line whether an object is locked. rclone (1.73) hands no lock on in what it lists.
///
/// Retention and legal hold are asked for by themselves, not from the object's headers: those are absent as well where we may not see them.
/// Source: AWS CLI reference, `s3api get-object-retention` and `get-object-legal-hold`; S3 API, GetObjectRetention, GetObjectLegalHold.
struct ObjectLock: Sendable {
  var bucket: S3Bucket
  var program: String
  private static let patience = Duration.seconds(60)

  /// - Parameter object: below the catalog.
  func state(of object: String, at now: Instant = .now) async throws -> Immutability {
    switch try await ask("get-object-retention", object) {
    case .failed(let why): return .unknown(why)
    case .none: break
    case .said(let bytes):
      guard let said = try? JSONDecoder().decode(Retention.self, from: bytes),
        let until = Instant(parsing: said.body.until)
      else { return .unknown("what \(program) says of its retention cannot be read") }
      let mode = said.body.mode.lowercased()
      if until > now {
        return .fixed(
          mode == "compliance"
            ? "Object Lock in compliance mode until \(until)"
            : "Object Lock in \(mode) mode until \(until), but for those who may bypass it")
      }
    }
    switch try await ask("get-object-legal-hold", object) {
    case .failed(let why): return .unknown(why)
    case .none: return .changeable("it is under no Object Lock")
    case .said(let bytes):
      guard let said = try? JSONDecoder().decode(LegalHold.self, from: bytes) else {
        return .unknown("what \(program) says of its legal hold cannot be read")
      }
      return said.body.status == "ON" ? .fixed("a legal hold") : .changeable("its Object Lock has ended")
    }
  }

  private struct Retention: Decodable {
    struct Body: Decodable {
      var mode: String
      var until: String
      private enum CodingKeys: String, CodingKey {
        case mode = "Mode"
        case until = "RetainUntilDate"
      }
    }
    var body: Body
    private enum CodingKeys: String, CodingKey { case body = "Retention" }
  }

  private struct LegalHold: Decodable {
    struct Body: Decodable {
      var status: String
      private enum CodingKeys: String, CodingKey { case status = "Status" }
    }
    var body: Body
    private enum CodingKeys: String, CodingKey { case body = "LegalHold" }
  }

  private enum Reply {
    case said(Data)
    /// There is no such lock.
    case none
    case failed(String)
  }

  private func ask(_ operation: String, _ object: String) async throws -> Reply {
    guard let executable = SandboxTools.executable(program) else {
      return .failed("there is no \(program) to ask (awscli), or name it under `immutability: {aws: /path}`")
    }
    var words = ["s3api", operation, "--bucket", bucket.name, "--key", bucket.prefix + object, "--output", "json"]
    if let endpoint = bucket.endpoint { words += ["--endpoint-url", endpoint] }
    if let region = bucket.region { words += ["--region", region] }
    let launch = ChildProcess.Launch(
      executable: executable, arguments: words, environment: ProcessInfo.processInfo.environment)
    return try await ChildProcess.with(launch) { child in
      let start = ContinuousClock.now
      while child.ending == nil {
        try await Task.sleep(for: .milliseconds(10))
        if start.duration(to: .now) > Self.patience { return .failed("\(program) did not end in time") }
      }
      let text = child.lines.joined(separator: "\n")
      if child.ending == .exited(0) { return .said(Data(text.utf8)) }
      // Source: S3 API, error responses: an object without a lock, and a bucket that has none.
      if text.contains("NoSuchObjectLockConfiguration") || text.contains("Bucket is missing Object Lock Configuration")
      {
        return .none
      }
      let last = child.lines.last { !$0.isEmpty } ?? "it said nothing"
      return .failed("\(program) \(operation) failed: \(last.prefix(200))")
    }
  }
}
