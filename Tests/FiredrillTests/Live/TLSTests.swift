import DrillCrypto
import DrillEngines
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("Live servers over TLS")
struct TLSTests {
  /// The error that connecting with `settings` ends with; nil where it does not.
  static func refusal(_ server: LiveServers.Server, _ settings: TLSSettings?) async -> DrillError? {
    do {
      try await RedisConnection.with(
        server.endpoint, RedisCredentials(tls: settings.map { RedisTLS($0) }), timeout: .seconds(5)
      ) { _ = try await $0.ask("PING") }
      return nil
    } catch {
      return error as? DrillError
    }
  }

  static func settings(
    _ certificates: TestCertificates, _ change: (inout TLSSettings) -> Void = { _ in }
  ) -> TLSSettings {
    var settings = TLSSettings(
      authorities: certificates.authority, certificate: certificates.path("client.pem"),
      key: certificates.path("client.key"))
    change(&settings)
    return settings
  }

  @Test("a server is trusted by its authority, its time and its name, each with a sentence of its own when it is not")
  func certificates() async throws {
    try await TemporaryFolder.with { folder in
      let made = try TestCertificates(in: folder + "/pki")
      let names = [
        TestCertificates.good, TestCertificates.expired, TestCertificates.misnamed, TestCertificates.ending,
      ]
      let plans = names.map { name -> @Sendable ([LiveServers.Server]) -> LiveServers.Plan in
        { _ in .tls(made, name) }
      }
      try await LiveServers.with(plans, in: folder) { servers in
        let (good, expired, misnamed, ending) = (servers[0], servers[1], servers[2], servers[3])
        // By its address, by a name, by any name, and with a key that is encrypted.
        #expect(await Self.refusal(good, Self.settings(made)) == nil)
        #expect(await Self.refusal(good, Self.settings(made) { $0.serverName = "redis.test" }) == nil)
        #expect(await Self.refusal(misnamed, Self.settings(made) { $0.serverName = "other.test" }) == nil)
        #expect(await Self.refusal(misnamed, Self.settings(made) { $0.verification = .authority }) == nil)
        #expect(
          await Self.refusal(
            good,
            Self.settings(made) {
              $0.key = made.path("sealed.key")
              $0.keyPassword = Secret("secret")
            }) == nil)

        let old = try #require(await Self.refusal(expired, Self.settings(made)))
        #expect(old.code == .certificateExpired && old.detail.contains("expired 20"), "\(old)")
        let wrong = try #require(await Self.refusal(misnamed, Self.settings(made)))
        #expect(wrong.code == .certificateWrongName, "\(wrong)")
        #expect(wrong.detail.contains("DNS:other.test, not for 127.0.0.1"), "\(wrong)")
        let other = try #require(await Self.refusal(good, Self.settings(made) { $0.serverName = "elsewhere.test" }))
        #expect(other.code == .certificateWrongName && other.detail.contains("elsewhere.test"), "\(other)")
        let unknown = try #require(await Self.refusal(good, Self.settings(made) { $0.authorities = made.stranger }))
        #expect(unknown.code == .certificateUntrusted && unknown.detail.contains("CN=TestAuthority"), "\(unknown)")
        let machine = try #require(await Self.refusal(good, Self.settings(made) { $0.authorities = nil }))
        #expect(machine.code == .certificateUntrusted, "\(machine)")
        // No weaker setting lets an expired certificate or an unknown authority pass.
        #expect(
          await Self.refusal(expired, Self.settings(made) { $0.verification = .authority })?.code == .certificateExpired
        )

        let bare = try #require(
          await Self.refusal(
            good,
            Self.settings(made) {
              $0.certificate = nil
              $0.key = nil
            }))
        #expect(bare.code == .clientCertificateNeeded && bare.detail.contains("`cert` and `key`"), "\(bare)")
        let strange = try #require(
          await Self.refusal(
            good,
            Self.settings(made) {
              $0.certificate = made.stranger
              $0.key = made.path("stranger.key")
            }))
        #expect(strange.code == .clientCertificateRefused, "\(strange)")
        let plain = try #require(await Self.refusal(good, nil))
        #expect(plain.code == .tlsRequired && plain.detail.contains("TLS alone"), "\(plain)")
        let sealed = try #require(await Self.refusal(good, Self.settings(made) { $0.key = made.path("sealed.key") }))
        #expect(sealed.code == .keyUnreadable && sealed.detail.contains("key_password_file"), "\(sealed)")
        #expect(
          await Self.refusal(good, Self.settings(made) { $0.authorities = "/nonexistent" })?.code == .keyUnreadable)

        // What ends soon, and a name that is not looked at, is said before a capture.
        for (server, words) in [(ending, "its certificate ends"), (misnamed, "verify: ca")] {
          var cluster = ClusterDescription(name: "c", engine: "redis", endpoints: [server.endpoint])
          cluster.tls = Self.settings(made) { $0.verification = server.port == misnamed.port ? .authority : .full }
          let estimate = try await RedisLiveCluster.with(cluster) { try await $0.estimate(CapturePlan()) }
          #expect(estimate.lines.contains { $0.contains(words) }, "\(estimate.lines)")
        }
        var cluster = ClusterDescription(name: "c", engine: "redis", endpoints: [good.endpoint])
        cluster.tls = Self.settings(made)
        let quiet = try await RedisLiveCluster.with(cluster) { try await $0.estimate(CapturePlan()) }
        #expect(!quiet.lines.contains { $0.contains("certificate") || $0.contains("verify") }, "\(quiet.lines)")
      }
    }
  }

  @Test("TLS asked of a server that speaks in plain says so")
  func plainServer() async throws {
    try await TemporaryFolder.with { folder in
      let made = try TestCertificates(in: folder + "/pki")
      try await LiveServers.with(.plain(), in: folder) { server in
        let refusal = try #require(await Self.refusal(server, Self.settings(made)))
        #expect(refusal.code == .tlsNotOffered && refusal.detail.contains("speaks no TLS"), "\(refusal)")
        #expect(await Self.refusal(server, nil) == nil)
      }
    }
  }

  @Test("a certificate is judged at a moment: before it begins, while it lasts, after it has ended")
  func moments() throws {
    let folder = try TemporaryFolder.make()
    defer { TemporaryFolder.remove(folder) }
    let made = try TestCertificates(in: folder + "/pki")
    func chain(_ name: String) throws -> CertificateChain {
      try CertificateChain(pem: [UInt8](Data(contentsOf: URL(fileURLWithPath: made.path(name)))))
    }
    let trust = PeerTrust(authorities: try chain("ca.pem"))
    let good = try chain("good.pem").certificates
    func objection(_ days: Int64, _ name: PeerTrust.Name? = .host("redis.test")) -> PeerTrust.Objection? {
      trust.objection(
        to: good, name: name,
        at: Instant(millisecondsSince1970: Instant.now.millisecondsSince1970 + days * 86_400_000))
    }
    #expect(objection(0) == nil)
    #expect(objection(0, .address("127.0.0.1")) == nil)
    #expect(objection(0, nil) == nil)
    guard case .notYetValid(let holder, _)? = objection(-2) else {
      Issue.record("valid before it begins")
      return
    }
    #expect(holder.contains("TestAuthority") || holder.contains("good"))
    guard case .expired(let ended, _)? = objection(70) else {
      Issue.record("valid after its end")
      return
    }
    #expect(ended.contains("good"))
    #expect(objection(0, .address("127.0.0.2")) == .wrongName(names: "DNS:redis.test, IP Address:127.0.0.1"))
    #expect(objection(0, .host("redis.test.evil")) == .wrongName(names: "DNS:redis.test, IP Address:127.0.0.1"))
    // Each bit of a certificate counts.
    for place in stride(from: 0, to: good[0].count, by: 7) {
      var flipped = good[0]
      flipped[place] ^= 1
      #expect(
        trust.objection(to: [flipped], name: .host("redis.test"), at: .now) != nil, "byte \(place) of a certificate")
    }
    #expect(trust.objection(to: [], name: nil, at: .now) != nil)
  }

  @Test("a Cluster that speaks TLS alone is captured by an ACL user with the README's rights, drilled and compared")
  func clusterEndToEnd() async throws {
    let rights = try ReadmeRights.words()
    try await TemporaryFolder.with { folder in
      let made = try TestCertificates(in: folder + "/pki")
      let plan: @Sendable ([LiveServers.Server]) -> LiveServers.Plan = { _ in
        .tls(made, TestCertificates.good, ["tls-cluster yes", "cluster-enabled yes", "cluster-node-timeout 5000"])
      }
      try await LiveServers.with([plan, plan, plan], in: folder) { servers in
        let admin = made.credentials()
        try await LiveServers.formCluster(servers, admin)
        try await LiveBench.fill(servers, admin, isCluster: true)
        for server in servers {
          try await RedisConnection.with(server.endpoint, admin) { connection in
            let reply = try await connection.send((["ACL", "SETUSER", "firedrill"] + rights).map { Array($0.utf8) })
            #expect(reply == .simple("OK"), "\(reply)")
          }
        }
        let bench = try await LiveBench.capture(
          folder,
          """
          mode: cluster
          nodes: ["127.0.0.1:\(servers[1].port)"]
          auth: {user: firedrill, password_file: password}
          tls: {ca: pki/ca.pem, cert: pki/client.pem, key: pki/sealed.key, key_password_file: key-password, server_name: redis.test}
          capture: {cut: coherent, max_pause: 10s}
          answers: {profile: mixed-ttl.yaml, operations: 200, budget: 5s}
          """)
        let manifest = try bench.manifest()
        #expect(manifest.cut.coherence == .coherent && manifest.topology.shards.count == 3)
        let run = try await bench.run(
          DrillBench.Drill(more: ["workload: mixed-ttl.yaml", "reference: [captured, live]"]))
        expectClean(run)
        let url =
          "rediss://127.0.0.1:\(servers[0].port)?cluster=true&ca=\(made.authority)&cert=\(made.path("client.pem"))"
          + "&key=\(made.path("client.key"))&server_name=redis.test"
        for via in ReadingPath.allCases {
          let equal = try await Firedrill.diff(
            DiffRequest(a: bench.backupFolder, b: url, via: via, ledger: folder + "/none"))
          #expect(equal.isEqual, "\(via): \(equal.text)")
        }
        try await RedisConnection.with(servers[0].endpoint, admin) { connection in
          // One key of the first server's slots.
          try await connection.ask("SET", LiveBench.key(in: 0, of: 3), "planted")
        }
        let different = try await Firedrill.diff(
          DiffRequest(a: bench.backupFolder, b: url, via: .replication, ledger: folder + "/none"))
        #expect(!different.isEqual)
      }
    }
  }
}
