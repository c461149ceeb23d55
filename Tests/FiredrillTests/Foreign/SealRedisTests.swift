import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("firedrill seal over the dumps of a Redis Cluster", .copiedDumps, .serialized)
struct SealRedisTests {
  private func seal(
    _ bench: ForeignBench, _ more: [String] = [], paths: [String]? = nil
  ) async throws -> FiredrillProcess.Ending {
    try await FiredrillProcess.run(
      ["seal"] + (paths ?? [bench.night]) + [
        "--cluster", "shop", "--to", bench.bench.catalog, "--key", bench.folder + "/seal",
      ]
        + more, in: bench.bench)
  }

  private func isEmpty(_ bench: ForeignBench) -> Bool {
    ((try? bench.bench.catalogued()) ?? []).filter { !$0.hasPrefix(".") }.isEmpty
  }

  @Test(
    "seals copies, says that it was after the fact, and a drill by the manifest reaches restored; content with a live reference"
  )
  func seals() async throws {
    try await CopiedDumps.withBench { bench in
      let ending = try await seal(bench, ["--topology", bench.folder + "/nodes.conf", "--json"])
      #expect(ending.status == 0, "\(ending.errors)")
      let manifest = try ending.json()
      let id = try #require(manifest["backup"] as? String)
      #expect((manifest["rationale"] as? String)?.hasPrefix("sealed after the fact") == true)
      #expect(manifest["reference"] == nil)
      let cut = try #require(manifest["cut"] as? [String: Any])
      let proof = try #require(cut["proof"] as? [String])
      #expect(proof.contains { $0.contains("ctime") } && proof.contains { $0.hasPrefix("sealed after the fact") })
      #expect(cut["coherence"] as? String == "per-shard")
      let drill = DrillBench(folder: bench.folder, backup: id, catalog: "catalog")
      let run = try await drill.run(.init(catalog: "catalog", level: .restored))
      expectClean(run, at: .restored)
      #expect(run.level == .restored && !run.isUnsealed)
      let live = try await drill.run(.init(catalog: "catalog", level: .content, more: ["reference: live"]))
      #expect(live.findings.isEmpty && live.level == .content, "\(live.findings) \(live.obstacles)")
      let check = try await FiredrillProcess.run(
        ["check", "\(bench.bench.catalog)/\(id)", "--trust", bench.folder + "/seal.pub"], in: bench.bench)
      #expect(check.status == 0, "\(check.output)")
    }
  }

  @Test("a damaged file is a finding, and nothing is sealed")
  func damaged() async throws {
    try await CopiedDumps.withBench { bench in
      try bench.flip(bench.dump(1), fromEnd: 1)
      let ending = try await seal(bench)
      #expect(ending.status == 1)
      #expect(ending.output.contains("nothing was sealed") && ending.output.contains("format-checksum-mismatch"))
      #expect(isEmpty(bench))
    }
  }

  @Test("digests that do not fit keep it from sealing; those that fit stand in the proof")
  func digests() async throws {
    try await CopiedDumps.withBench { bench in
      let list = bench.folder + "/SHA256SUMS"
      try await bench.sums("*.rdb", in: bench.night, to: list)
      let clean = try await seal(bench, ["--digests", list])
      #expect(clean.status == 0, "\(clean.errors)\(clean.output)")
      #expect(clean.output.contains("the bytes are those of SHA256SUMS, which nobody signed"))
      try FileManager.default.removeItem(atPath: bench.bench.catalog)
      try FileManager.default.removeItem(atPath: bench.dump(2))
      let ending = try await seal(bench, ["--digests", list])
      #expect(ending.status == 1 && ending.output.contains("artifact-missing"), "\(ending.errors)\(ending.output)")
      #expect(isEmpty(bench))
    }
  }

  @Test("doubles, exchanged files and a missing shard are findings")
  func misplaced() async throws {
    try await CopiedDumps.withBench { bench in
      try FileManager.default.copyItem(atPath: bench.dump(0), toPath: bench.night + "/again.rdb")
      let doubles = try await seal(bench)
      #expect(doubles.status == 1 && doubles.output.contains("slot-overlap"), "\(doubles.output)\(doubles.errors)")
      try FileManager.default.removeItem(atPath: bench.night + "/again.rdb")

      let topology = ["--topology", bench.folder + "/nodes.conf"]
      let exchanged = try await seal(
        bench,
        topology + ["--shard", "\(bench.nodes[0])=\(bench.dump(1))", "--shard", "\(bench.nodes[1])=\(bench.dump(0))"])
      #expect(
        exchanged.status == 1 && exchanged.output.contains("slot-misplaced"), "\(exchanged.output)\(exchanged.errors)")

      let short = try await seal(bench, topology, paths: [bench.dump(0), bench.dump(1)])
      #expect(short.status == 1 && short.output.contains("coverage-hole"), "\(short.output)\(short.errors)")
      #expect(isEmpty(bench))
    }
  }

  @Test("a link, a cut that the files tell, and files that are no artifacts are refused as usage")
  func refused() async throws {
    try await CopiedDumps.withBench { bench in
      #expect(try await seal(bench, ["--cut", "2026-01-01T00:00:00Z"]).status == 64)
      #expect(try await seal(bench, paths: [bench.folder + "/shop.yaml"]).status == 64)
      #expect(try await seal(bench, paths: [bench.folder + "/nowhere"]).status == 64)
      #expect(try await seal(bench, ["--shard", "x"]).status == 64)
      #expect(try await seal(bench, paths: [bench.dump(0), bench.dump(0)]).status == 64)
      try FileManager.default.createSymbolicLink(
        atPath: bench.night + "/newest.rdb", withDestinationPath: bench.dump(0))
      #expect(try await seal(bench).status == 64)
      try FileManager.default.removeItem(atPath: bench.night + "/newest.rdb")
      try await bench.shell("mkfifo '\(bench.night)/pipe.rdb'")
      #expect(try await seal(bench).status == 64)
      #expect(try await seal(bench, paths: [bench.night + "/pipe.rdb"]).status == 64)
      #expect(isEmpty(bench))
    }
  }
}
