import DrillModel
import Foundation

/// Where a run works and what it leaves: nothing but ledger and catalog.
public enum Workplace {
  /// Absolute form of a path relative to the current folder.
  public static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: (path as NSString).expandingTildeInPath).standardizedFileURL.path
  }

  /// The ledger's path: the flag's, the drill's, the environment's, or the default below the current folder.
  public static func ledgerPath(flag: String?, drill: String?) -> String {
    absolute(flag ?? drill ?? ProcessInfo.processInfo.environment["FIREDRILL_LEDGER"] ?? "firedrill-work/ledger.sqlite")
  }

  /// Operating system and kind of machine; never the host's name.
  static var host: String {
    var names = utsname()
    uname(&names)
    func text<T>(_ field: T) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return "\(text(names.sysname)) \(text(names.release)) \(text(names.machine)), \(processorCount) processors"
  }

  /// The root below which runs have their folders: `$FIREDRILL_WORK`, else a folder of this user's below the temporary folder. Short, since the path of a
  /// unix socket has at most 107 bytes.
  public static func workRoot(_ chosen: String? = nil) -> String {
    if let chosen { return chosen }
    if let path = ProcessInfo.processInfo.environment["FIREDRILL_WORK"] { return absolute(path) }
    let temporary = ProcessInfo.processInfo.environment["TMPDIR"].map(absolute) ?? "/tmp"
    return "\(temporary)/firedrill-\(getuid())"
  }
}
