import AsyncHTTPClient
import DrillModel
import Foundation
import NIOCore
import NIOHTTP1

/// Posts a JSON body, and tries again while that may help: no answer, no connection, or a server that is busy or broken.
///
/// Redirects are not followed: a body goes where the drill file says, and nowhere else.
struct Delivery: Sendable {
  struct Outcome: Hashable, Sendable {
    var delivered: Bool
    var attempts: Int
    /// The last answer or error, in a few words; never a path or a header.
    var detail: String
  }

  var client: HTTPClient
  /// Pauses between attempts: as many, and one more, are made.
  var pauses: [Duration] = [.seconds(1), .seconds(4), .seconds(15)]
  var attemptTimeout = Duration.seconds(10)
  var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

  /// Connections are closed when `body` ends.
  static func with<R: Sendable>(_ body: (Delivery) async -> R) async -> R {
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(10)))
    // Its own attempts at a connection would hide ours.
    configuration.connectionPool.retryConnectionEstablishment = false
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    let result = await body(Delivery(client: client))
    try? await client.shutdown()
    return result
  }

  func post(_ body: [UInt8], to url: String, headers: [String: String]) async -> Outcome {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.headers.add(name: "User-Agent", value: "firedrill/\(Firedrill.version)")
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
      request.headers.replaceOrAdd(name: name, value: value)
    }
    request.body = .bytes(body)

    var attempts = 0
    while true {
      attempts += 1
      let (delivered, mayHelp, detail) = await attempt(request)
      let outcome = Outcome(delivered: delivered, attempts: attempts, detail: detail)
      guard !delivered, mayHelp, attempts <= pauses.count else { return outcome }
      do { try await sleep(pauses[attempts - 1]) } catch { return outcome }
    }
  }

  private func attempt(_ request: HTTPClientRequest) async -> (delivered: Bool, mayHelp: Bool, detail: String) {
    do {
      let milliseconds = Int64(attemptTimeout.milliseconds)
      let response = try await client.execute(request, timeout: .milliseconds(milliseconds))
      let status = response.status.code
      switch status {
      case 200..<300: return (true, false, "\(status)")
      case 300..<400: return (false, false, "\(status): redirects are not followed")
      case 408, 425, 429, 500...: return (false, true, "\(status)")
      default: return (false, false, "\(status)")
      }
    } catch let error as HTTPClientError {
      let isFinal = [.invalidURL, .emptyHost, .emptyScheme].contains(error)
      return (false, !isFinal, error.shortDescription)
    } catch {
      return (false, !(error is CancellationError), "no connection")
    }
  }
}
