import DrillEvidence
import DrillModel
import Foundation

// Makes a ledger of generated runs for Benchmarks/dashboard.sh:
//   dashboard-bench LEDGER RUNS CLUSTERS [NOW]
// Hourly drills on so many clusters, the latest now; one in fifty fails, one in forty is inconclusive; every 100th and those that fail keep their details.

let arguments = CommandLine.arguments
guard arguments.count >= 4, let count = Int(arguments[2]), let clusters = Int(arguments[3]) else {
  FileHandle.standardError.write(Data("usage: dashboard-bench LEDGER RUNS CLUSTERS\n".utf8))
  exit(64)
}
let now = Instant.now
let ledger = try Ledger.open(at: arguments[1])
var numbers = SeededGenerator(seed: 1)
for start in stride(from: 0, to: count, by: 2000) {
  let numbered = start..<min(start + 2000, count)
  let runs = try numbered.map { number -> Run in
    let hoursAgo = (count - 1 - number) / clusters
    let at = Instant(millisecondsSince1970: now.millisecondsSince1970 - Int64(hoursAgo) * 3_600_000 - 60_000)
    return try GeneratedRun.run(number, cluster: "cluster-\(number % clusters)", at: at, &numbers)
  }
  try ledger.record(runs.filter { $0.seed % 100 != 0 && $0.findings.isEmpty }, withDetails: false)
  try ledger.record(runs.filter { $0.seed % 100 == 0 || !$0.findings.isEmpty }, withDetails: true)
}
