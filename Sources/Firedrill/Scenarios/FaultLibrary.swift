import DrillModel
import Foundation
import Glibc

/// The library that disturbs the program it is loaded into: it steps its clock, and kills it at a call. `Sources/CFaults/faults.c` says what it reads and writes.
enum FaultLibrary {
  private static let name = "libCFaults.so"

  /// Beside our own executable, where the build puts it; it is not installed.
  ///
  /// - Throws: `DrillError` with `feature-missing`.
  static func path() throws -> String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let path = ((own as NSString).deletingLastPathComponent as NSString).appendingPathComponent(name)
    guard access(path, R_OK) == 0 else {
      throw DrillError(
        .featureMissing, subject: name,
        detail:
          "is not beside this program; it comes with a build of the sources (`swift build`), not with an installed one")
    }
    return path
  }

  /// What the library wrote: words of each line.
  static func shown(at path: String) -> [[String]] {
    ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").map {
      $0.split(separator: " ", maxSplits: 2).map(String.init)
    }
  }
}
