import DrillModel
import Foundation
import Testing

@testable import DrillEngines

@Suite("Containment")
struct ContainmentTests {
  @Test("is what was tried out: less where programs are missing, and says why")
  func levels() async throws {
    var tools = SandboxTools.found()
    try #require(tools.setpriv != nil && tools.prlimit != nil)
    tools.bwrap = nil
    let process = await Containment.probe(tools)
    #expect(process.isolation == .process)
    #expect(process.detail.contains("bubblewrap is not installed"))
    try process.require(.process)
    let error = #expect(throws: DrillError.self) { try process.require(.namespaces) }
    #expect(error?.code == .isolationUnavailable)
    tools.bwrap = "/bin/false"
    let refused = await Containment.probe(tools)
    #expect(refused.isolation == .process)
    #expect(refused.detail.contains("gives no namespaces here"))
    // A program that only says yes gives no namespaces either.
    tools.bwrap = "/bin/true"
    #expect(await Containment.probe(tools).isolation == .process)
    tools.setpriv = nil
    #expect(await Containment.probe(tools).isolation == .folder)
    tools = SandboxTools.found()
    tools.prlimit = nil
    #expect(await Containment.probe(tools).isolation == .folder)
  }

  @Test("in namespaces sees no network, no other process, and writes nowhere but in its folder")
  func namespaces() async throws {
    let containment = await Containment.probe(.found())
    // A container may forbid namespaces; then the probe says so, and there is nothing to look into.
    guard containment.isolation == .namespaces else {
      #expect(containment.detail.contains("bubblewrap"))
      return
    }
    try await RedisFixture.withFolder { folder in
      // Nothing but what the shell does itself: it may start no other program.
      let script = """
        while read -r name rest; do case $name in *:) echo "${name%:}";; esac; done < /proc/net/dev
        set -- /proc/[0-9]*; echo $#
        { : > /usr/no; } 2>/dev/null && echo wrote
        for file in /run/* /var/tmp/*; do [ -e "$file" ] && echo "saw $file"; done
        : > here && echo kept; ulimit -v; ulimit -c
        """
      let child = try await ChildProcess.start(
        containment.launch("/bin/bash", ["--norc", "-c", script], folder: folder, addressSpaceBytes: 1 << 30))
      #expect(await child.waitForEnd() == .exited(0))
      let lines = child.lines
      #expect(lines.first == "lo")
      #expect(lines.dropFirst().first.flatMap { Int($0) }.map { $0 < 8 } == true)
      #expect(!lines.contains("wrote"))
      #expect(!lines.contains { $0.hasPrefix("saw") })
      #expect(lines.suffix(3) == ["kept", "1048576", "0"])
      #expect(FileManager.default.fileExists(atPath: "\(folder)/here"))
    }
  }
}
