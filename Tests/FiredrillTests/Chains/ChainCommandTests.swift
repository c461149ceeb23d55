import DrillCrypto
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("Increments on the command line", .capturedChain)
struct ChainCommandTests {
  private func with(_ body: (DrillBench, TestBench, CapturedChain) async throws -> Void) async throws {
    try await CapturedChain.withBench { bench, chain in
      try await body(bench, TestBench(folder: bench.folder), chain)
    }
  }

  private func run(_ arguments: String..., in bench: TestBench) async throws -> FiredrillProcess.Ending {
    try await FiredrillProcess.run(arguments, in: bench)
  }

  @Test("an increment is taken on the newest backup, listed, inspected, checked and fingerprinted as its chain")
  func whole() async throws {
    try await with { bench, place, chain in
      let (cluster, key) = (bench.folder + "/shop.yaml", bench.folder + "/seal")
      let taken = try await run(
        "capture", cluster, "--to", bench.catalog, "--key", key, "--on", bench.backup, "--json", in: place)
      #expect(taken.status == 0, "\(taken.errors)")
      let made = try taken.json()
      let id = try #require(made["backup"] as? String)
      #expect(made["kind"] as? String == "incremental" && (made["since"] as? [String: String])?.count == 2)
      let list = try await run("catalog", "list", bench.catalog, in: place)
      #expect(list.output.contains("incremental on \(bench.backup)"))
      let told = try await run("inspect", id, "--catalog", bench.catalog, in: place)
      #expect(told.output.contains("on         \(bench.backup)") && told.output.contains("since    shard-0"))
      let checked = try await run("check", id, "--catalog", bench.catalog, "--trust", key + ".pub", in: place)
      #expect(
        checked.status == 0 && checked.output.contains("6 increments on it"), "\(checked.output)\(checked.errors)")
      let own = try await run("fingerprint", id, "--catalog", bench.catalog, "--json", in: place).json()
      let copy = try await run("fingerprint", bench.folder + "/copies/5", "--json", in: place).json()
      #expect(own["root"] as? String == copy["root"] as? String)
      let equal = try await run("diff", id, chain.second, "--catalog", bench.catalog, in: place)
      #expect(equal.status == 0, "\(equal.output)\(equal.errors)")
      #expect(place.leftovers.isEmpty)
      let chains = try await run("chain", "check", bench.catalog, "--trust", key + ".pub", in: place)
      #expect(chains.status == 0 && chains.output.contains("\(id), shop: 6 increments"), "\(chains.output)")
    }
  }

  @Test(
    "an increment on an unsealed, unsigned or already continued backup is refused, in words that say to take a full one"
  )
  func refused() async throws {
    try await with { bench, place, chain in
      func capture(on id: String, key: String = "seal") async throws -> FiredrillProcess.Ending {
        try await run(
          "capture", bench.folder + "/shop.yaml", "--to", bench.catalog, "--key", "\(bench.folder)/\(key)", "--on", id,
          in: place)
      }
      let before = try FileManager.default.contentsOfDirectory(atPath: bench.catalog).sorted()
      let continued = try await capture(on: chain.links[2])
      #expect(continued.status != 0 && continued.errors.contains("would fork the chain"), "\(continued.errors)")
      let stranger = try await capture(on: bench.backup, key: "other")
      #expect(
        stranger.status != 0 && stranger.errors.contains("signature-untrusted")
          && stranger.errors.contains("take a full backup"))
      let none = try await capture(on: "latest", key: "other")
      #expect(none.status != 0 && none.errors.contains("take a full one first"), "\(none.errors)")
      let absent = try await capture(on: "shop-20200101T000000Z-000000")
      #expect(absent.status != 0 && absent.errors.contains("no such backup"), "\(absent.errors)")
      try FileManager.default.removeItem(atPath: bench.manifestPath)
      let unsealed = try await capture(on: bench.backup)
      #expect(unsealed.status != 0 && unsealed.errors.contains("nobody sealed it"), "\(unsealed.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: bench.catalog).sorted() == before)
    }
  }

  @Test("an increment is refused once the schema has changed, and once a shard is new")
  func changed() async throws {
    try await with { bench, place, chain in
      try bench.execute("CREATE TABLE later(id INTEGER PRIMARY KEY)", on: "live/shard-1.db")
      let capture = [
        "capture", bench.folder + "/shop.yaml", "--to", bench.catalog, "--key", bench.folder + "/seal", "--on",
        bench.backup,
      ]
      let schema = try await FiredrillProcess.run(capture, in: place)
      #expect(
        schema.status != 0 && schema.errors.contains("its schema is not the predecessor's any more"), "\(schema.errors)"
      )
      let text = try String(contentsOfFile: bench.folder + "/shop.yaml", encoding: .utf8)
      try text.replacing("shard: shard-1", with: "shard: shard-9").write(
        toFile: bench.folder + "/shop.yaml", atomically: true, encoding: .utf8)
      let shard = try await FiredrillProcess.run(capture, in: place)
      #expect(shard.status != 0 && shard.errors.contains("take a full backup"), "\(shard.errors)")
    }
  }

  @Test("chain check names each broken chain with its code, and looks at nothing where there is nothing")
  func broken() async throws {
    try await with { bench, place, chain in
      try FileManager.default.removeItem(atPath: bench.about(chain.links[3]).backupFolder)
      let trust = ["--trust", bench.folder + "/seal.pub"]
      let all = try await FiredrillProcess.run(["chain", "check", bench.catalog, "--json"] + trust, in: place)
      #expect(all.status == 1)
      let chains = try #require(try all.json()["chains"] as? [[String: Any]])
      let findings = chains.flatMap { $0["findings"] as? [[String: Any]] ?? [] }
      #expect(findings.map { $0["code"] as? String } == ["chain-gap"])
      #expect(chains.count == 3)
      let one = try await FiredrillProcess.run(["chain", "check", bench.catalog, chain.links[2]] + trust, in: place)
      #expect(one.status == 0 && one.output.contains("2 increments"), "\(one.output)")
      let empty = bench.folder + "/empty"
      try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
      #expect(try await FiredrillProcess.run(["chain", "check", empty] + trust, in: place).status == 2)
      #expect(try await FiredrillProcess.run(["chain", "check", empty], in: place).status == 64)
    }
  }

  @Test("a circle, which has no end to look from, is found beside whole chains")
  func circle() async throws {
    try await with { bench, _, chain in
      let key = try bench.key()
      let tip = try bench.manifest()
      for (own, other) in [("shop-circle-a", "shop-circle-b"), ("shop-circle-b", "shop-circle-a")] {
        var manifest = tip
        manifest.backup = own
        manifest.artifacts = []
        manifest.reference = nil
        manifest.scope.slots = SlotSet()
        manifest.topology.shards = tip.topology.shards.map { .init(name: $0.name, slots: SlotSet()) }
        manifest.predecessor = .init(backup: other, manifest: SHA256.digest(Array(other.utf8)))
        let sealed = try SealedManifest.seal(manifest, with: key)
        let folder = "\(bench.catalog)/\(own)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        try Data(sealed.envelope).write(to: URL(fileURLWithPath: "\(folder)/\(Catalog.manifestName)"))
      }
      let report = try await Firedrill.checkChains(in: bench.catalog, trust: [bench.folder + "/seal.pub"])
      #expect(report.verdict == .fail)
      let broken = report.chains.filter { !$0.findings.isEmpty }
      #expect(broken.count == 1 && broken.first?.findings.contains { $0.code == .chainCycle } == true)
      #expect(report.chains.contains { $0.links.count == chain.links.count && $0.findings.isEmpty })
    }
  }

  @Test("a chain of a thousand links is checked from its manifests, whole and with its first link gone")
  func thousand() async throws {
    try await with { bench, _, chain in
      let key = try bench.key()
      var before = try bench.about(chain.links[0]).manifest()
      before.artifacts = []
      before.reference = nil
      before.scope.slots = SlotSet()
      before.topology.shards = before.topology.shards.map { .init(name: $0.name, slots: SlotSet()) }
      let catalog = bench.folder + "/thousand"
      var digest: Digest?
      for number in 0...1000 {
        var manifest = before
        manifest.backup = "shop-\(number)"
        manifest.cut.time = Instant(millisecondsSince1970: before.cut.time.millisecondsSince1970 + 1000)
        for shard in manifest.cut.positions.keys {
          manifest.cut.positions[shard] = "@schema=1;@time=\(manifest.cut.time.millisecondsSince1970)"
        }
        if let digest {
          manifest.kind = .incremental
          manifest.predecessor = .init(backup: before.backup, manifest: digest)
          manifest.since = before.cut.positions
        }
        let sealed = try SealedManifest.seal(manifest, with: key)
        let folder = "\(catalog)/\(manifest.backup)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(sealed.envelope).write(to: URL(fileURLWithPath: "\(folder)/\(Catalog.manifestName)"))
        (before, digest) = (manifest, sealed.digest)
      }
      let trust = [bench.folder + "/seal.pub"]
      let start = ContinuousClock.now
      let whole = try await Firedrill.checkChains(in: catalog, trust: trust)
      print("a chain of 1,001 signed manifests checked in \(start.duration(to: .now))")
      #expect(whole.verdict == .pass && whole.chains.map(\.links.count) == [1001])
      try FileManager.default.removeItem(atPath: catalog + "/shop-0")
      let broken = try await Firedrill.checkChains(in: catalog, trust: trust)
      #expect(broken.verdict == .fail && broken.chains.flatMap(\.findings).map(\.code) == [.chainGap])
      #expect(broken.chains.first?.findings.first?.subject.backup == "shop-1")
    }
  }
}
