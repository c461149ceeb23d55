import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("What the documents say")
struct DocumentedWordsTests {
  @Test("the README lists each exit status with its meaning, and no other")
  func exitStatuses() throws {
    let rows = try Repository.tableRows(of: "README.md", where: #/\| \d+ \|.*/#)
    #expect(rows == ExitStatus.allCases.map { "| \($0.rawValue) | \($0.meaning) |" })
  }

  @Test("drills/README.md lists each finding with its meaning and what to do, and no other")
  func findingCodes() throws {
    let table = try #require(try Repository.text("drills/README.md").components(separatedBy: "## Findings").last)
    let rows = table.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
    #expect(rows == FindingCode.allCases.map { "| `\($0.rawValue)` | \($0.meaning) | \($0.action) |" })
  }

  @Test("the README names each level with its claim")
  func levels() throws {
    for level in Level.allCases where level != .none {
      let rows = try Repository.text("README.md").split(separator: "\n").filter {
        $0.hasPrefix("| `\(level.rawValue)` | \(level.claim) |")
      }
      #expect(rows.count == 1, "\(level)")
    }
  }

  @Test("every field that drills/README.md shows is read")
  func shownFieldsAreRead() throws {
    let blocks = try Repository.yamlBlocks(of: "drills/README.md")
    try #require(blocks.count >= 5)
    let (drill, production, cluster, redis, sqlite) = (blocks[0], blocks[1], blocks[2], blocks[3], blocks[4])
    try withWordsFolder { folder in
      try FileManager.default.createDirectory(atPath: folder + "/drills", withIntermediateDirectories: false)
      try FileManager.default.copyItem(atPath: Repository.path("workloads"), toPath: folder + "/workloads")
      func write(_ text: String, _ name: String) throws -> String {
        let path = "\(folder)/drills/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
      }
      _ = try write("secret", "shop.password")
      _ = try write("other secret", "key.password")
      let shop = try ClusterFile.read(path: write(cluster + redis, "cluster-redis.yaml"))
      #expect(shop.description.endpoints.count == 3)
      #expect(shop.description.password?.reveal() == "secret")
      #expect(shop.description.tls?.serverName == "redis.internal")
      #expect(shop.description.tls?.keyPassword?.reveal() == "other secret")
      #expect(shop.description.addresses.endpoints.count == 1 && shop.description.addresses.hosts.count == 1)
      let app = try ClusterFile.read(
        path: write(
          cluster.replacing("engine: redis", with: "engine: sqlite").replacing("mixed-ttl", with: "documents") + sqlite,
          "app.yaml"))
      #expect(app.description.versionColumns == ["*": "version"])
      let nightly = try DrillFile.read(path: write(drill, "nightly.yaml"))
      #expect(nightly.sandbox.shardSample == 3)
      #expect(nightly.governance?.escalation.count == 2 && nightly.governance?.deadlines[.high] == 259_200)
      let made = try DrillFile.read(path: write("drill: made\n" + production, "made.yaml"))
      #expect(made.production?.isCoherent == true)
    }
  }

  @Test("every field that workloads/README.md shows is read")
  func shownWorkloadFieldsAreRead() throws {
    let blocks = try Repository.yamlBlocks(of: "workloads/README.md")
    try #require(blocks.count == 1)
    try withWordsFolder { folder in
      let path = folder + "/checkout.yaml"
      try Data(blocks[0].utf8).write(to: URL(fileURLWithPath: path))
      #expect(try WorkloadFile.read(path: path).budget == nil)
    }
  }

  @Test(
    "every field that a file's reader asks for is documented",
    arguments: [
      ("DrillFileReader", "drills/README.md"), ("ProductionFile", "drills/README.md"),
      ("ClusterFile", "drills/README.md"),
      ("GatePolicyReader", "drills/README.md"), ("WorkloadFile", "workloads/README.md"),
      ("OfferedRateReader", "workloads/README.md"), ("../Scenarios/ScenarioFile", "drills/scenarios/README.md"),
    ])
  func readFieldsAreDocumented(_ reader: String, _ document: String) throws {
    let source = try Repository.text("Sources/Firedrill/Files/\(reader).swift")
    let asked =
      #/\.(?:text|requiredText|texts|integer|flag|share|duration|size|choice|section|sections|node|real)\((?:mappedBy: )?"(?<field>\w+)"/#
    var fields = Set(source.matches(of: asked).map { String($0.output.field) })
    if source.contains(".seed()") { fields.insert("seed") }
    #expect(fields.count >= 8)
    let text = try Repository.text(document)
    for field in fields.sorted() {
      let shown = try Regex("(?m)`\(field)`|^[ -]*\(field):|[{,] ?\(field):")
      #expect(text.contains(shown), "\(field) is nowhere in \(document)")
    }
  }

  @Test("each finding's code is named for what it is: words of lower case, joined by hyphens")
  func codesAreKebabCase() {
    for code in FindingCode.allCases { #expect(code.rawValue.wholeMatch(of: #/[a-z]+(-[a-z]+)*/#) != nil, "\(code)") }
  }
}
