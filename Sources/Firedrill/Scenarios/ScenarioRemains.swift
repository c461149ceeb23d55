import Foundation
import Glibc

/// What a bench still has of drills that have ended: processes, mounts, folders, sockets.
struct ScenarioRemains {
  var sentences: [String] = []

  init(of bench: ScenarioBench) {
    let files = FileManager.default
    for process in (try? files.contentsOfDirectory(atPath: "/proc")) ?? [] where pid_t(process) ?? 0 > 1 {
      guard pid_t(process) != getpid() else { continue }
      let place = (try? files.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd")) ?? ""
      let words = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/cmdline"))) ?? Data()
      if place.hasPrefix(bench.folder) || String(decoding: words, as: UTF8.self).contains(bench.folder) {
        sentences.append("process \(process) still runs")
      }
    }
    if (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8))?.contains(bench.folder) ?? false {
      sentences.append("something is mounted")
    }
    for name in (try? files.contentsOfDirectory(atPath: bench.path("work"))) ?? [] where name.hasPrefix("run-") {
      sentences.append("the folder \(name) of a run is there")
    }
    for folder in ["work", "backups"] {
      for name in (try? files.subpathsOfDirectory(atPath: bench.path(folder))) ?? [] {
        var status = stat()
        guard lstat(bench.path("\(folder)/\(name)"), &status) == 0 else { continue }
        if status.st_mode & S_IFMT == S_IFSOCK { sentences.append("the socket \(name) is there") }
        if name.split(separator: "/").contains(where: { $0.hasPrefix(".partial-") }) {
          sentences.append("the unfinished backup \(name) is there")
        }
      }
    }
  }
}
