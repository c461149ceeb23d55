import DrillEvidence
import DrillModel
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import DrillDashboard

@Suite("Who may ask a dashboard, and what")
struct AccessTests {
  private static let token = "0123456789abcdef0123456789abcdef"

  @Test(
    "on loopback only its own names are answered",
    arguments: [
      ("127.0.0.1:8411", true), ("127.0.0.1", true), ("localhost:9", true), ("LOCALHOST", true), ("[::1]:8411", true),
      ("127.8.9.1:1", true), ("evil.example:8411", false), ("127.0.0.1.evil.example", false),
      ("localhost.evil.example", false),
      ("10.0.0.1", false), ("[::2]:8411", false), ("", false), ("127.0.0.1:x", false), ("127.0.0.1:8411:1", false),
      ("user@127.0.0.1", false), ("[::1", false), ("127.0.0", false), ("0.0.0.0", false),
    ])
  func host(_ authority: String, _ isOurs: Bool) async throws {
    try await DashboardBench.with { bench in
      let answer = try await bench.responder().get("/", authority: authority)
      #expect(answer.status == (isOurs ? .ok : .misdirectedRequest))
      #expect(try await bench.responder().get("/", authority: nil).status == .misdirectedRequest)
    }
  }

  @Test(
    "nothing but GET and HEAD is answered",
    arguments: ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
  func method(_ name: String) async throws {
    try await DashboardBench.with { bench in
      let answer = try await bench.responder().get("/", method: #require(HTTPRequest.Method(name)))
      #expect(answer.status == .methodNotAllowed)
      #expect(answer.response(isHead: false).headers[.allow] == "GET, HEAD")
    }
  }

  @Test("where a token is required, only it opens anything but the probe")
  func token() async throws {
    try await DashboardBench.with { bench in
      let rules = AccessRules(token: BearerToken(Self.token), isLoopback: false)
      let responder = try await bench.responder(rules)
      func status(_ path: String, _ values: [String]) -> HTTPResponse.Status {
        var headers = HTTPFields()
        for value in values { headers.append(HTTPField(name: .authorization, value: value)) }
        return responder.get(path, authority: "drills.example", headers: headers).status
      }
      #expect(status("/", ["Bearer \(Self.token)"]) == .ok)
      #expect(status("/api/v1/clusters", ["bearer  \(Self.token)"]) == .ok)
      let wrong = [
        [], [""], ["Bearer"], ["Bearer "], ["Bearer \(Self.token.dropLast())"], ["Bearer \(Self.token)0"],
        ["Basic \(Self.token)"],
        [Self.token], ["Bearer \(Self.token.uppercased())"], ["Bearer \(Self.token)", "Bearer x"],
        ["Bearer x", "Bearer \(Self.token)"],
      ]
      for values in wrong {
        for path in ["/", "/metrics", "/api/v1", "/nope"] {
          #expect(status(path, values) == .unauthorized, "\(values)")
        }
        #expect(status("/healthz", values) == .ok)
      }
      #expect(responder.get("/").response(isHead: false).headers[.wwwAuthenticate] == "Bearer realm=\"firedrill\"")
    }
  }

  @Test("an address is host and port, and loopback only where nothing else can be meant")
  func addresses() throws {
    for (text, isLoopback) in [
      ("127.0.0.1:8411", true), ("localhost:0", true), ("[::1]:1", true), ("0.0.0.0:8411", false), ("[::]:8411", false),
      ("192.168.1.4:80", false), ("drills.example:80", false), ("127.evil.example:80", false),
    ] {
      let address = try ListenAddress(parsing: text)
      #expect(address.isLoopback == isLoopback && address.description == text)
    }
    for text in [
      "", "8411", "127.0.0.1", ":8411", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:8411", "[x]:1", "a b:1",
    ] {
      let error = #expect(throws: DrillError.self) { try ListenAddress(parsing: text) }
      #expect(error?.code == .usage, "\(text)")
    }
  }

  @Test("beyond loopback nothing is served without a token that can serve")
  func refusedToStart() async throws {
    try await DashboardBench.with { bench in
      func start(_ file: String?) async -> DrillError? {
        await #expect(throws: DrillError.self) {
          try await Dashboard.serve(
            DashboardOptions(listen: ListenAddress(host: "0.0.0.0", port: 0), tokenFile: file, ledger: bench.ledgerPath)
          )
        }
      }
      #expect(await start(nil)?.code == .usage)
      func file(_ text: String, mode: Int) throws -> String {
        let path = bench.folder + "/token-\(UUID().uuidString)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
      }
      #expect(await start(bench.folder + "/none")?.code == .keyUnreadable)
      #expect(await start(try file("short\n", mode: 0o600))?.detail.contains("at least 16") == true)
      #expect(await start(try file(Self.token + "\nand more\n", mode: 0o600))?.code == .keyUnreadable)
      #expect(await start(try file(Self.token, mode: 0o604))?.detail.contains("everybody") == true)
      let good = DashboardOptions(tokenFile: try file(Self.token + "\n", mode: 0o640), ledger: bench.ledgerPath)
      #expect(try good.token()?.isCarried(by: "Bearer " + Self.token) == true)
      let absent = await #expect(throws: DrillError.self) {
        try await Dashboard.serve(DashboardOptions(ledger: bench.folder + "/no.sqlite"))
      }
      #expect(absent?.code == .io)
    }
  }

  @Test("over a real connection every answer has its headers, a HEAD no body, and a foreign name no answer")
  func live() async throws {
    try await DashboardBench.with { bench in
      try bench.record("r0")
      let app = Dashboard.application(
        try await bench.responder(), listen: ListenAddress(host: "127.0.0.1", port: 0), whenListening: { _ in })
      try await app.test(.live) { client in
        for path in ["/", "/nope", "/healthz", "/metrics", "/api/v1"] {
          let page = try await client.execute(uri: path, method: .get)
          let head = try await client.execute(uri: path, method: .head)
          #expect(head.body.readableBytes == 0 && head.headers[.contentLength] == "\(page.body.readableBytes)")
          for response in [page, head] {
            #expect(response.headers[.xContentTypeOptions] == "nosniff")
            #expect(response.headers[.cacheControl] == "no-store")
            #expect(
              response.headers[.contentSecurityPolicy]?.hasPrefix("default-src 'none'; style-src 'sha256-") == true)
            #expect(response.headers[.contentSecurityPolicy]?.hasSuffix("frame-ancestors 'none'") == true)
            for name in [
              "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy", "Cross-Origin-Opener-Policy",
            ] {
              #expect(response.headers[HTTPField.Name(name)!] != nil)
            }
          }
        }
        let post = try await client.execute(uri: "/", method: .post, body: ByteBuffer(string: "x=1"))
        #expect(post.status == .methodNotAllowed)
      }
    }
  }

  @Test("it serves until its task is cancelled, and then ends by itself")
  func cancelled() async throws {
    try await DashboardBench.with { bench in
      let options = DashboardOptions(listen: ListenAddress(host: "127.0.0.1", port: 0), ledger: bench.ledgerPath)
      let (urls, continuation) = AsyncStream.makeStream(of: String.self)
      let task = Task {
        defer { continuation.finish() }
        try await Dashboard.serve(options) { continuation.yield($0) }
      }
      var iterator = urls.makeAsyncIterator()
      let url = try #require(await iterator.next())
      #expect(url.hasPrefix("http://127.0.0.1:") && !url.hasSuffix(":0/"))
      task.cancel()
      try await task.value
    }
  }
}
