import Foundation
import Glibc

/// Hands a fresh folder to `body` and removes it afterwards.
func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = try makeTemporaryFolder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

func inTemporaryFolder<R>(_ body: (String) async throws -> R) async throws -> R {
  let folder = try makeTemporaryFolder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try await body(folder)
}

private func makeTemporaryFolder() throws -> String {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("drill-evidence-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(
    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
  return folder
}

/// Runs `body` with the rights to files of somebody who has none in particular, on this thread alone, so that permissions hold for root too.
func withoutPrivileges<R>(_ body: () throws -> R) rethrows -> R {
  guard geteuid() == 0 else { return try body() }
  setFileUser(65534)
  defer { setFileUser(0) }
  return try body()
}

/// Runs `body` with root's rights again, within ``withoutPrivileges(_:)``.
func withPrivileges<R>(_ body: () throws -> R) rethrows -> R {
  guard geteuid() == 0 else { return try body() }
  setFileUser(0)
  defer { setFileUser(65534) }
  return try body()
}

/// setfsuid(2), which Swift's Glibc does not import; like the system call it concerns the calling thread only.
private func setFileUser(_ user: uid_t) {
  guard let symbol = dlsym(nil, "setfsuid") else { preconditionFailure("glibc has setfsuid") }
  _ = unsafeBitCast(symbol, to: (@convention(c) (uid_t) -> Int32).self)(user)
}
