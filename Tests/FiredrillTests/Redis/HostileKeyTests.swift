import DrillEvidence
import DrillModel
import DrillProduction
import Firedrill
import Foundation
import FoundationXML
import Testing

/// Keys that would break a page, a line or a decoder, from the server to the auditor's archive.
@Suite("Keys of any bytes")
struct HostileKeyTests {
  private static let keys: [[UInt8]] = [
    Array("<script>alert(1)</script>".utf8), Array(String(repeating: "k", count: 10_000).utf8),
    [0xff, 0xfe, 0x22, 0x0a],
  ]

  /// A script that sets one key, in bytes that no command line could carry.
  private static func script(_ key: [UInt8], _ value: String) -> [String] {
    let escaped = key.map { "\\" + String(repeating: "0", count: 3 - String($0).count) + String($0) }.joined()
    return ["EVAL", "return redis.call('SET', '\(escaped)', ARGV[1])", "0", value]
  }

  @Test("go through capture, finding, report and evidence unharmed, and are shown only where that was asked for")
  func keys() async throws {
    try await TemporaryFolder.with { folder in
      try await SyntheticRedisCluster.with(.standalone, name: "shop", below: folder) { server in
        let home = folder + "/shop"
        try CapturedRedis.prepare(home, for: server)
        try await server.send(Self.keys.map { Self.script($0, "as it was") })
        let sealed = try await Firedrill.capture(
          cluster: home + "/shop.yaml", to: home + "/backups", key: home + "/seal")
        let bench = DrillBench(folder: home, backup: sealed.manifest.backup)
        expectClean(try await bench.run())

        let file = RedisFile(path: bench.path(of: try bench.dataArtifacts()[0]))
        try file.change(Self.keys.map { Self.script($0, "altered") })
        try bench.reseal()
        let redacted = try await Firedrill.run(drill: try bench.write(.init()))[0]
        #expect(redacted.run.findings.allSatisfy { $0.subject.key?.text.hasPrefix("key:") ?? true })
        let shown = try await bench.outcome()
        let named = Set(shown.run.findings(.answerDiffers).compactMap(\.subject.key))
        #expect(named.isSuperset(of: Self.keys.map { KeyName.clear($0) }))

        // A finding is the same one whether or not its key was shown.
        let history = try Ledger.open(at: bench.ledger, mode: .readOnly).history()
        let followed = history.findings(at: .now).filter { $0.code == .answerDiffers }
        #expect(followed.count >= Self.keys.count && followed.allSatisfy { $0.runs.count == 2 })

        let page = try Firedrill.report(shown, ledger: bench.ledger)
        let html = ReportHTML(page).text()
        #expect(!html.contains("<script") && html.contains("&lt;script&gt;alert(1)"))
        for text in [html, ReportMarkdown(page).text(), try CanonicalJSON.text(page)] {
          #expect(text.contains("\\xff\\xfe") || text.contains("\\\\xff\\\\xfe"))
        }
        #expect(XMLParser(data: Data(ReportJUnit(page).text().utf8)).parse())

        let start = Instant(millisecondsSince1970: Instant.now.millisecondsSince1970 - 3_600_000)
        let order = EvidenceOrder(
          ledger: bench.ledger, from: start, to: .now, key: home + "/seal", output: home + "/evidence.tar")
        _ = try await Firedrill.exportEvidence(order)
        let archive = try Data(contentsOf: URL(fileURLWithPath: order.output))
        for key in Self.keys { #expect(archive.range(of: Data(key)) == nil) }
        #expect(archive.range(of: Data("alert(1)".utf8)) == nil)
        let verification = try Firedrill.verifyEvidence(
          order.output, trust: EvidenceTrustFiles(keys: [home + "/seal.pub"]))
        #expect(verification.problems == [] && verification.runs.fail == 2 && verification.runs.pass == 0)
      }
    }
  }
}
