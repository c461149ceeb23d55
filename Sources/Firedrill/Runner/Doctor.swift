import DrillEngines
import DrillModel
import Foundation

/// What is installed, which isolation this machine gives, and what to do about what is missing.
public enum Doctor {
  public struct Report: Sendable, Codable {
    public struct Item: Sendable, Codable {
      public var name: String
      public var isPresent: Bool
      public var detail: String
      /// What to do; nil where nothing is missing.
      public var remedy: String?
      /// What cannot be done without it.
      public var isNeeded: Bool
    }
    public var items: [Item]

    public var isReady: Bool { items.allSatisfy { $0.isPresent || !$0.isNeeded } }

    public var text: String {
      items.map { item in
        "\(item.isPresent ? "ok     " : item.isNeeded ? "MISSING" : "without")  \(item.name): \(item.detail)"
          + (item.remedy.map { "\n         \($0)" } ?? "")
      }.joined(separator: "\n") + "\n\(isReady ? "ready" : "not ready for drills of every engine")"
    }
  }

  public static func examine() async -> Report {
    let tools = SandboxTools.found()
    let containment = await RedisEngine(tools: tools).containment()
    var items: [Report.Item] = [
      .init(name: "sqlite", isPresent: true, detail: "\(SQLiteEngine.version), built in", remedy: nil, isNeeded: true)
    ]
    let server = SandboxTools.executable("redis-server")
    items.append(
      .init(
        name: "redis-server", isPresent: server != nil, detail: server == nil ? "not on PATH" : "found",
        remedy: server == nil ? "apt-get install redis-server; needed to restore Redis backups" : nil, isNeeded: true))
    items.append(
      .init(
        name: "isolation", isPresent: containment.isolation == .namespaces,
        detail: "\(containment.isolation.rawValue): \(containment.detail)",
        remedy: containment.isolation == .namespaces
          ? nil : "apt-get install bubblewrap; drills that require 'isolation: namespaces' are inconclusive without",
        isNeeded: false))
    items.append(
      .init(
        name: "perl", isPresent: tools.perl != nil,
        detail: tools.perl == nil ? "not on PATH" : "found; it tries the isolation of sandboxes from inside",
        remedy: tools.perl == nil
          ? "apt-get install perl-base; drills that require 'proof' of their isolation are inconclusive without" : nil,
        isNeeded: false))
    items.append(
      .init(
        name: "frozen clock", isPresent: tools.frozenClock != nil,
        detail: tools.frozenClock == nil ? "libCFrozenClock.so is not beside the program" : "found beside the program",
        remedy: tools.frozenClock == nil
          ? "build it with `swift build -c release`, or name it in FIREDRILL_FROZEN_CLOCK; without it keys that expired since the cut are lost to the comparison"
          : nil,
        isNeeded: true))
    let rclone = SandboxTools.executable("rclone")
    items.append(
      .init(
        name: "rclone", isPresent: rclone != nil, detail: rclone == nil ? "not on PATH" : "found",
        remedy: rclone == nil ? "apt-get install rclone; needed to fetch from remote catalogs" : nil, isNeeded: false))
    for (program, package) in [
      ("age", "age"), ("gpg", "gnupg"), ("openssl", "openssl"), ("zstd", "zstd"), ("lz4", "lz4"),
    ] {
      let isPresent = SandboxTools.executable(program) != nil
      items.append(
        .init(
          name: program, isPresent: isPresent, detail: isPresent ? "found" : "not on PATH",
          remedy: isPresent ? nil : "apt-get install \(package); needed for backups that are stored through it",
          isNeeded: false))
    }
    let root = Workplace.workRoot()
    items.append(
      .init(
        name: "work folder", isPresent: true, detail: "\(root), with \(free(root)) free", remedy: nil, isNeeded: true))
    return Report(items: items)
  }

  private static func free(_ path: String) -> String {
    var place = path
    while !FileManager.default.fileExists(atPath: place), place.count > 1 {
      place = (place as NSString).deletingLastPathComponent
    }
    let bytes =
      (try? FileManager.default.attributesOfFileSystem(forPath: place)[.systemFreeSize] as? NSNumber)?.uint64Value ?? 0
    return "\(bytes >> 30) GiB"
  }
}
