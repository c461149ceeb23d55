import Foundation
import Glibc

/// The processes of this machine as `/proc` shows them.
///
/// Source: proc(5), /proc/pid/stat: the parent is the fourth field, the time of the start the twenty-second.
struct ProcessTable {
  struct Entry: Hashable {
    var processID: pid_t
    var name: String
    var parent: pid_t
    /// With the id, names a process for good: ids are used again.
    var startedAt: UInt64
  }

  let entries: [Entry]

  init() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    entries = names.compactMap(pid_t.init).compactMap(ProcessTable.entry)
  }

  private static func entry(_ id: pid_t) -> Entry? {
    guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
      let opening = text.firstIndex(of: "("), let closing = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[text.index(after: closing)...].split(separator: " ")
    guard fields.count > 19, fields[0] != "Z", let parent = pid_t(fields[1]), let start = UInt64(fields[19]) else {
      return nil
    }
    return Entry(
      processID: id, name: String(text[text.index(after: opening)..<closing]), parent: parent, startedAt: start)
  }

  /// All that `processID` started, and what those started.
  func descendants(of processID: pid_t) -> [Entry] {
    var found: [Entry] = []
    var parents: Set<pid_t> = [processID]
    while true {
      let next = entries.filter { parents.contains($0.parent) && !found.contains($0) }
      if next.isEmpty { return found }
      found += next
      parents.formUnion(next.map(\.processID))
    }
  }

  /// Those whose command line or working folder lies in `folder`.
  func working(in folder: String) -> [Entry] {
    entries.filter { entry in
      let command = (try? String(contentsOfFile: "/proc/\(entry.processID)/cmdline", encoding: .utf8)) ?? ""
      let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(entry.processID)/cwd")
      return command.contains(folder) || place?.hasPrefix(folder) ?? false
    }
  }
}
