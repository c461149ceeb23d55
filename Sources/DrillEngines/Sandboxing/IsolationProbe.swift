internal import DrillModel
internal import Foundation
internal import Glibc

/// Tries a sandbox's isolation from inside, before anything is restored into it: with a program that is launched as its
/// servers will be.
struct IsolationProbe: Sendable {
  var containment: Containment
  var perl: String?
  /// A folder of its own, as a server has one.
  var folder: String
  var live: [Endpoint]
  var mayConnectToLive: Bool

  /// The probe's limit, and what it asks for beyond. Only address space: nothing of it is touched.
  private static let limitBytes: UInt64 = 256 << 20
  private static let beyondBytes: UInt64 = 1 << 30
  private static let littleBytes: UInt64 = 1 << 20
  /// Of a cluster's endpoints so many are tried; a namespace without a network knows no difference between them.
  private static let mostEndpoints = 8

  private typealias Kind = IsolationTrial.Kind

  /// Returns a trial of each kind that needs no server.
  ///
  /// - Throws: `CancellationError`.
  func trials() async throws -> IsolationProof {
    let kinds: [Kind] = [.tcpLoopback, .tcpElsewhere, .liveEndpoint, .abstractSocket, .memoryLimit, .processLimit]
    guard let perl else {
      return IsolationProof(kinds.map { IsolationTrial($0, .notTried, "perl, which tries it, is not installed") })
    }
    let doors = OpenDoors()
    let targets = targets(doors)
    let connects = targets.flatMap { $0.attempts }
    let beyond = DoorTrial.Attempt.memory(IsolationProbe.beyondBytes)
    // Last: a program that gets no memory may end there.
    let trial = DoorTrial(
      attempts: [.ownListener] + connects + [.process, .memory(IsolationProbe.littleBytes), beyond])
    let outside = try await DoorTrial.run(
      .init(
        executable: perl, arguments: trial.arguments, environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C"],
        input: DoorTrial.input))
    let inside = try await DoorTrial.run(
      containment.launch(
        perl, trial.arguments, folder: folder, input: DoorTrial.input, addressSpaceBytes: IsolationProbe.limitBytes))
    // Held open until both have tried.
    withExtendedLifetime(doors) {}

    let (control, tried) = (trial.results(outside.lines), trial.results(inside.lines))
    var proof = IsolationProof()
    for target in targets {
      if let reason = target.reason {
        proof.add(IsolationTrial(target.kind, target.outcome, reason))
      } else {
        for attempt in target.attempts {
          proof.add(judge(target, attempt, control: control, tried: tried))
        }
      }
    }
    proof.add(processTrial(control[.process], tried[.process]))
    proof.add(
      memoryTrial(
        control: control[beyond], little: tried[.memory(IsolationProbe.littleBytes)],
        beyond: trial.memoryResult(beyond, inside.lines, inside.ending)))
    return proof
  }

  /// What is tried for one kind, or why nothing is.
  private struct Target {
    var kind: Kind
    var name: String
    var attempts: [DoorTrial.Attempt] = []
    var outcome = IsolationTrial.Outcome.notTried
    var reason: String?
  }

  private func targets(_ doors: OpenDoors) -> [Target] {
    func door(_ kind: Kind, _ name: String, _ attempt: DoorTrial.Attempt?, _ reason: String) -> Target {
      Target(kind: kind, name: name, attempts: attempt.map { [$0] } ?? [], reason: attempt == nil ? reason : nil)
    }
    return [
      door(
        .tcpLoopback, "a listener on loopback", doors.loopback.map { .tcp($0) },
        "no listener could be opened on loopback"),
      door(
        .tcpElsewhere, "a listener at another address of the machine", doors.elsewhere.map { .tcp($0) },
        "the machine has no address but loopback"),
      door(
        .abstractSocket, "a unix socket without a file", doors.abstractName.map { .abstract($0) },
        "no such socket could be opened"),
      liveTarget(),
    ]
  }

  private func liveTarget() -> Target {
    var target = Target(kind: .liveEndpoint, name: "a live endpoint")
    guard !live.isEmpty else {
      (target.outcome, target.reason) = (.notApplicable, "no live cluster is reached over a socket")
      return target
    }
    guard mayConnectToLive else {
      target.reason = "the drill does not touch the live cluster, and does not require this trial"
      return target
    }
    for endpoint in live.prefix(IsolationProbe.mostEndpoints) {
      switch endpoint {
      case .unix(let path): target.attempts.append(.unix(path))
      case .tcp(let host, let port): target.attempts += OpenDoors.resolve(host, port: port).map { .tcp($0) }
      }
    }
    if target.attempts.isEmpty { target.reason = "the names of its endpoints are not known here" }
    return target
  }

  private func judge(
    _ target: Target, _ attempt: DoorTrial.Attempt, control: [DoorTrial.Attempt: DoorTrial.Result],
    tried: [DoorTrial.Attempt: DoorTrial.Result]
  ) -> IsolationTrial {
    switch (control[attempt], tried[attempt]) {
    // Whatever the control says, it got through.
    case (_, .through): return IsolationTrial(target.kind, .failed, "\(target.name) was reached from inside")
    case (.refused(let why), _):
      return IsolationTrial(target.kind, .notTried, "\(target.name) is not reached from outside either: \(why)")
    case (nil, _): return IsolationTrial(target.kind, .notTried, "the program that tries it did not come to it outside")
    case (_, nil): return IsolationTrial(target.kind, .notTried, "the program that tries it did not come to it inside")
    case (.through, .refused(let why)):
      // A program that cannot connect at all shows nothing by not connecting there.
      if case .refused(let own)? = tried[.ownListener] {
        return IsolationTrial(
          target.kind, .notTried, "the program that tries it could not even connect to itself inside: \(own)")
      }
      return IsolationTrial(
        target.kind, .held, "\(target.name), reached from outside at the same moment, was refused inside: \(why)")
    }
  }

  private func processTrial(_ control: DoorTrial.Result?, _ tried: DoorTrial.Result?) -> IsolationTrial {
    switch (control, tried) {
    case (_, .through): IsolationTrial(.processLimit, .failed, "a further process was started inside")
    case (.through, .refused(let why)):
      IsolationTrial(.processLimit, .held, "a further process, which starts outside, was refused inside: \(why)")
    default: IsolationTrial(.processLimit, .notTried, "the program that tries it did not come to it")
    }
  }

  private func memoryTrial(
    control: DoorTrial.Result?, little: DoorTrial.Result?, beyond: DoorTrial.Result?
  ) -> IsolationTrial {
    switch (control, little, beyond) {
    case (_, _, .through):
      IsolationTrial(.memoryLimit, .failed, "a program inside took four times the memory of its limit")
    case (.through, .through, .refused):
      IsolationTrial(
        .memoryLimit, .held,
        "a program inside got 1 MiB, and was refused four times its limit, which it gets outside")
    default: IsolationTrial(.memoryLimit, .notTried, "the program that tries it did not come to it")
    }
  }
}

extension DoorTrial {
  /// Runs a trial's program, which ends by itself; one that cannot be started has said nothing.
  ///
  /// - Throws: `CancellationError`.
  static func run(_ launch: ChildProcess.Launch) async throws -> (lines: [String], ending: ChildProcess.Ending) {
    guard let child = try? await ChildProcess.start(launch) else { return ([], .exited(127)) }
    let ending = await withTaskCancellationHandler {
      await child.waitForEnd()
    } onCancel: {
      Task { await child.end() }
    }
    try Task.checkCancellation()
    return (child.lines, ending)
  }
}
