import DrillModel
import DrillProduction
import Foundation
import Glibc
import Testing

@testable import DrillEngines

@Suite("A sandbox's isolation")
struct IsolationTrialTests {
  private static let everything = Set(IsolationTrial.Kind.allCases)

  private func outcomes(_ proof: IsolationProof?) -> [IsolationTrial.Kind: IsolationTrial.Outcome] {
    Dictionary(uniqueKeysWithValues: proof?.trials.map { ($0.kind, $0.outcome) } ?? [])
  }

  private func emptyRequest(in folder: String) async throws -> SandboxRequest {
    let path = try await RedisFixture.artifact(in: folder) { try await $0.ask("SET", "a", "1") }
    return RedisFixture.request(path, in: folder)
  }

  private func refusal(_ request: SandboxRequest, _ tools: SandboxTools) async -> DrillError? {
    await #expect(throws: DrillError.self) { try await RedisEngine(tools: tools).withSandbox(request) { _ in } }
  }

  @Test("holds in every trial where bubblewrap gives namespaces, against a live server on TCP and one on a unix socket")
  func namespaces() async throws {
    let containment = await Containment.probe(.found())
    guard containment.isolation == .namespaces else {
      #expect(containment.detail.contains("bubblewrap"))
      return
    }
    try await RedisFixture.withFolder { folder in
      var request = try await emptyRequest(in: folder)
      request.isolation = .namespaces
      request.requiredProof = Self.everything
      request.mayConnectToLive = true
      let home = folder + "/live"
      try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
      try await SyntheticRedisCluster.with(.standalone, below: home) { live in
        // A socket outside of the folders that namespaces hide anyway.
        let hidden = FileManager.default.currentDirectoryPath + "/.live-\(getpid())"
        let door = try SocketFile(at: hidden)
        request.liveEndpoints = [live.masters[0], .unix(path: hidden)]
        try await RedisEngine().withSandbox(request) { sandbox in
          #expect(sandbox.facts.isolation == .namespaces)
          for trial in sandbox.facts.proof?.trials ?? [] { #expect(trial.outcome == .held, "\(trial)") }
          #expect(sandbox.facts.proof?.trials.map(\.kind) == IsolationTrial.Kind.allCases)
        }
        withExtendedLifetime(door) {}
      }
    }
  }

  @Test("is a process' without bubblewrap: the network is open, which is said, and refused where it has to hold")
  func process() async throws {
    var tools = SandboxTools.found()
    tools.bwrap = nil
    try await RedisFixture.withFolder { [tools] folder in
      var request = try await emptyRequest(in: folder)
      try await RedisEngine(tools: tools).withSandbox(request) { sandbox in
        #expect(sandbox.facts.isolation == .process)
        #expect(
          outcomes(sandbox.facts.proof) == [
            .tcpLoopback: .failed, .tcpElsewhere: .failed, .abstractSocket: .failed, .processLimit: .failed,
            .liveEndpoint: .notApplicable, .listensOnTCP: .held, .otherUser: .held, .memoryLimit: .held,
            .coreDump: .held,
          ])
      }
      request.requiredProof = [.listensOnTCP, .otherUser, .memoryLimit, .coreDump]
      try await RedisEngine(tools: tools).withSandbox(request) { _ in }
      request.requiredProof = [.tcpLoopback]
      let error = await refusal(request, tools)
      #expect(error?.code == .isolationUnavailable)
      #expect(error?.subject == "tcp-loopback")
      request.requiredProof = []
      request.isolation = .namespaces
      let less = await refusal(request, tools)
      #expect(less?.code == .isolationUnavailable)
      #expect(less?.subject == "namespaces")
    }
  }

  @Test("counts as not tried without perl, and is refused where it has to hold")
  func withoutPerl() async throws {
    var tools = SandboxTools.found()
    tools.perl = nil
    try await RedisFixture.withFolder { [tools] folder in
      var request = try await emptyRequest(in: folder)
      try await RedisEngine(tools: tools).withSandbox(request) { sandbox in
        #expect(sandbox.facts.proof?[.tcpLoopback]?.outcome == .notTried)
        #expect(sandbox.facts.proof?[.listensOnTCP]?.outcome == .held)
      }
      request.requiredProof = [.processLimit]
      let error = await refusal(request, tools)
      #expect(error?.subject == "process-limit")
    }
  }

  /// What a bubblewrap that keeps nothing apart would be: here one that drops the words for the network.
  @Test("is called less than namespaces where a program that claims to make them leaves the network open")
  func escape() async throws {
    let tools = SandboxTools.found()
    let containment = await Containment.probe(tools)
    guard containment.isolation == .namespaces, let bwrap = tools.bwrap else { return }
    try await RedisFixture.withFolder { folder in
      // The probe of the namespaces is let through; what is launched later shares our network.
      let script = """
        #!/bin/bash
        words=("$@")
        case "$*" in *readlink*|*'echo $$'*) ;; *) words=("${words[@]/--unshare-net/--share-net}");; esac
        exec \(bwrap) "${words[@]}"
        """
      let leaky = folder + "/bwrap"
      try Data(script.utf8).write(to: URL(fileURLWithPath: leaky))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: leaky)
      var planted = tools
      planted.bwrap = leaky
      var request = try await emptyRequest(in: folder)
      try await RedisEngine(tools: planted).withSandbox(request) { sandbox in
        #expect(sandbox.facts.isolation == .process)
        #expect(sandbox.facts.isolationDetail.contains("a listener on loopback was reached from inside"))
        let failed = Set(sandbox.facts.proof?.with(.failed).map(\.kind) ?? [])
        #expect(failed == [.tcpLoopback, .tcpElsewhere, .abstractSocket])
      }
      request.isolation = .namespaces
      let error = await refusal(request, planted)
      #expect(error?.code == .isolationUnavailable)
      #expect(error?.detail.contains("did not hold") == true)
    }
  }

  @Test("sees a server that listens on TCP, and one that carries no limits")
  func inspection() async throws {
    try await RedisFixture.withFolder { folder in
      try await SyntheticRedisCluster.with(.standalone, below: folder) { live in
        let info = try await RedisConnection.with(live.masters[0]) {
          RedisInfo(try await $0.ask("INFO", "server").text ?? "")
        }
        let process = try #require(info["process_id"].flatMap { Int32($0) })
        let proof = try await ServerInspection(
          launched: process, addressSpaceBytes: 1 << 30, forbidsProcesses: true, folder: folder, files: [],
          socket: folder + "/none"
        ).trials(perl: SandboxTools.found().perl, setpriv: SandboxTools.found().setpriv)
        #expect(proof[.memoryLimit]?.outcome == .failed)
        #expect(proof[.processLimit]?.outcome == .failed)
        var listens = false
        if case .tcp = live.masters[0] { listens = true }
        #expect(proof[.listensOnTCP]?.outcome == (listens ? .failed : .held))
      }
    }
  }

  @Test("is open to other users where the folder's mode is: tried as one by root, and read off the mode by others")
  func otherUser() async throws {
    try await RedisFixture.withFolder { folder in
      let tools = SandboxTools.found()
      let file = folder + "/file"
      try Data("x".utf8).write(to: URL(fileURLWithPath: file))
      for (mode, outcome) in [(0o755, IsolationTrial.Outcome.failed), (0o700, .held)] {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder)
        let trial = try await OtherUserTrial(folder: folder, files: [file], socket: nil).trial(
          perl: tools.perl, setpriv: tools.setpriv)
        #expect(trial.outcome == outcome, "\(trial)")
      }
    }
  }

  @Test("keeps the weaker of two outcomes of one kind, and upholds what no failed trial breaks")
  func merging() {
    var proof = IsolationProof([IsolationTrial(.otherUser, .held, ""), IsolationTrial(.tcpLoopback, .held, "")])
    #expect(proof.trials.map(\.kind) == [.tcpLoopback, .otherUser])
    proof.add(IsolationProof([IsolationTrial(.tcpLoopback, .failed, "out"), IsolationTrial(.otherUser, .held, "")]))
    #expect(proof.with(.failed) == [IsolationTrial(.tcpLoopback, .failed, "out")])
    #expect(proof.upheld(of: .namespaces) == .process)
    #expect(proof.upheld(of: .folder) == .folder)
    proof.add(IsolationTrial(.memoryLimit, .failed, ""))
    #expect(proof.upheld(of: .namespaces) == .folder)
  }
}

/// A unix socket that listens, as long as the value lives.
private final class SocketFile {
  private let path: String
  private let descriptor: Int32

  init(at path: String) throws {
    self.path = path
    unlink(path)
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0 && listen(descriptor, 8) == 0)
  }

  deinit {
    close(descriptor)
    unlink(path)
  }
}
