import DrillEvidence
import Foundation

/// A path as its segments, each percent-decoded by itself, so that a name may hold anything.
struct DashboardPath: Hashable, Sendable {
  let segments: [String]

  /// Nil where a segment is not UTF-8 in percent-encoding.
  init?(_ path: String) {
    var segments: [String] = []
    for part in path.split(separator: "/", omittingEmptySubsequences: true) {
      guard let segment = String(part).removingPercentEncoding else { return nil }
      segments.append(segment)
    }
    self.segments = segments
  }
}

extension DashboardPath {
  static func cluster(_ name: String) -> String { "/clusters/\(encoded(name))" }
  static func migration(_ name: String, of cluster: String) -> String {
    "\(self.cluster(cluster))/migrations/\(encoded(name))"
  }
  static func run(_ name: String) -> String { "/runs/\(encoded(name))" }
  static func finding(_ id: String) -> String { "/findings/\(encoded(id))" }

  private static func encoded(_ name: String) -> String {
    // `.` and `..` alone would be taken for steps in the path.
    name == "." || name == ".." ? name.replacing(".", with: "%2E") : MarkupText.pathSegment(name)
  }
}
