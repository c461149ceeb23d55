internal import DrillModel
internal import Foundation
internal import Glibc

/// Whether another user of the machine can open a sandbox's folder, its files or its socket.
///
/// Root tries it as the user `nobody`. Who is not root cannot be somebody else, and goes by the modes: a folder that
/// is its owner's alone lets nobody through to what lies in it.
struct OtherUserTrial: Sendable {
  var folder: String
  var files: [String]
  /// Nil where there is no server.
  var socket: String?

  /// Source: `nobody` is 65534 on Linux, and what belongs to nobody else (user_namespaces(7), "overflow").
  private static let nobody = "65534"

  /// - Throws: `CancellationError`.
  func trial(perl: String?, setpriv: String?) async throws -> IsolationTrial {
    guard geteuid() == 0 else { return byModes() }
    guard let perl, let setpriv else {
      return IsolationTrial(.otherUser, .notTried, "perl or setpriv (util-linux), which try it, are not installed")
    }
    let things = [DoorTrial.Attempt.open(folder)] + files.map { .open($0) } + (socket.map { [.unix($0)] } ?? [])
    // The first shows that the other user can open what is everybody's.
    let trial = DoorTrial(attempts: [.open("/")] + things)
    let launch = ChildProcess.Launch(
      executable: setpriv,
      arguments: [
        "--reuid=\(OtherUserTrial.nobody)", "--regid=\(OtherUserTrial.nobody)", "--clear-groups", "--no-new-privs",
        perl,
      ] + trial.arguments, environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C"], input: DoorTrial.input)
    let results = trial.results(try await DoorTrial.run(launch).lines)
    guard results[.open("/")] == .through else {
      return IsolationTrial(.otherUser, .notTried, "no program could be run as another user")
    }
    let names = "the sandbox's folder, \(files.count) files in it\(socket == nil ? "" : " and its socket")"
    if things.contains(where: { results[$0] == .through }) {
      return IsolationTrial(.otherUser, .failed, "the user `nobody` opened some of \(names)")
    }
    // Any other reason would say that the thing was not there, and nothing about who may open it.
    return things.allSatisfy { results[$0] == .refused("Permission denied") }
      ? IsolationTrial(.otherUser, .held, "the user `nobody` tried to open \(names), and was denied")
      : IsolationTrial(.otherUser, .notTried, "\(names) could not be tried as another user")
  }

  /// The group's bits of a folder with an access list bound what the list gives to anyone. Source: acl(5).
  private func byModes() -> IsolationTrial {
    var information = stat()
    guard lstat(folder, &information) == 0 else {
      return IsolationTrial(.otherUser, .notTried, "the mode of the sandbox's folder cannot be read")
    }
    return information.st_mode & 0o077 == 0 && information.st_uid == geteuid()
      ? IsolationTrial(
        .otherUser, .held, "by the mode of the sandbox's folder, which is its owner's alone; not tried as another user")
      : IsolationTrial(.otherUser, .failed, "the mode of the sandbox's folder lets other users in")
  }
}
