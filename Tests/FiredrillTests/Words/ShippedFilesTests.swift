import DrillEvidence
import Firedrill
import Foundation
import Testing

@Suite("The files that are shipped")
struct ShippedFilesTests {
  @Test("every shipped drill and cluster file is read without an objection")
  func drills() throws {
    try withShippedFiles { folder in
      var drills = 0
      var clusters = 0
      for file in try Repository.yamlFiles(in: "drills") + Repository.yamlFiles(in: "drills/examples")
        + Repository.yamlFiles(in: "drills/migration")
      {
        if (file as NSString).lastPathComponent.hasPrefix("cluster-") || file.hasSuffix("/shop.yaml") {
          _ = try ClusterFile.read(path: "\(folder)/\(file)")
          clusters += 1
        } else if file.hasSuffix("-policy.yaml") {
          let policy = try GatePolicyReader(path: "\(folder)/\(file)").policy()
          #expect(policy.readiness.count + policy.final.count >= (file.contains("examples/") ? 20 : 5))
        } else if file.hasSuffix("/retention.yaml") {
          _ = try RetentionRuleReader(path: "\(folder)/\(file)").rule()
        } else {
          let drill = try DrillFile.read(path: "\(folder)/\(file)")
          #expect(drill.name == ((file as NSString).lastPathComponent as NSString).deletingPathExtension)
          drills += 1
        }
      }
      #expect(drills >= 4)
      #expect(clusters >= 2)
    }
  }

  @Test("every shipped workload file is read without an objection")
  func workloads() throws {
    let files = try Repository.yamlFiles(in: "workloads")
    #expect(files.count >= 4)
    for file in files { _ = try WorkloadFile.read(path: Repository.path(file)) }
  }

  /// A copy of the shipped files, with the password that an example expects its reader to bring.
  private func withShippedFiles(_ body: (String) throws -> Void) throws {
    try withWordsFolder { folder in
      for part in ["drills", "workloads"] {
        try FileManager.default.copyItem(atPath: Repository.path(part), toPath: "\(folder)/\(part)")
      }
      try Data("secret\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/drills/examples/shop.password"))
      try body(folder)
    }
  }
}
