import DrillEngines
import Foundation
import Testing

@Suite("The manual page")
struct ManualTests {
  @Test("names each command with its options and examples, and is the same each time at the same date")
  func complete() async throws {
    try await TestBench.with { bench in
      let environment = ["SOURCE_DATE_EPOCH": "1769832000"]
      let page = try await FiredrillProcess.run(["manual"], in: bench, environment: environment)
      #expect(page.status == 0, "\(page.errors)")
      let again = try await FiredrillProcess.run(["manual"], in: bench, environment: environment)
      #expect(page.output == again.output)
      #expect(page.output.contains(".TH FIREDRILL 1 2026-01-31 "))
      let help = try await FiredrillProcess.run(["--help"], in: bench).output
      let commands = help.matches(of: #/(?m)^  ([a-z]+) {2,}\S/#).map { String($0.output.1) }.filter { $0 != "help" }
      #expect(commands.count >= 15, "\(commands)")
      for command in commands { #expect(page.output.contains("\n.SS firedrill \(command)"), "\(command)") }
      for words in [
        "\n.SS firedrill gate verify", "\\fB\\-\\-max\\-age\\fR \\fIMAX\\-AGE\\fR", "firedrill run \\-\\-again",
        "\n.B 70\n",
      ] {
        #expect(page.output.contains(words), "\(words)")
      }
      #expect(!page.output.contains("firedrill manual\n"), "not for people")
    }
  }

  @Test(
    "is formatted by man without a warning",
    .enabled("man is not installed: the page was not formatted") { SandboxTools.executable("man") != nil })
  func formatted() async throws {
    try await TestBench.with { bench in
      let page = try bench.write(try await FiredrillProcess.run(["manual"], in: bench).output, to: "firedrill.1")
      let man = try #require(SandboxTools.executable("man"))
      let launch = ChildProcess.Launch(
        executable: "/bin/sh",
        arguments: ["-c", "\"$0\" --warnings -E UTF-8 -l -Tutf8 \"$1\" 2>&1 >/dev/null", man, page],
        environment: bench.environment.merging(["LC_ALL": "C.UTF-8", "MANWIDTH": "80"]) { $1 })
      try await ChildProcess.with(launch) { child in
        #expect(await child.waitForEnd() == .exited(0))
        #expect(child.lines.isEmpty, "\(child.lines)")
      }
    }
  }
}
