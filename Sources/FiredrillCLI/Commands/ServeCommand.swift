import ArgumentParser
import DrillDashboard
import Firedrill

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Show what was recorded as local web pages, a JSON API and Prometheus metrics.",
    discussion: """
      Read-only. Only this machine can reach it, unless another address is named and a token is required: a request then carries
      'Authorization: Bearer TOKEN'. From elsewhere with a browser: ssh -L 8411:127.0.0.1:8411 HOST.

      EXAMPLE
        firedrill serve
        firedrill serve --listen 0.0.0.0:8411 --token-file /etc/firedrill/token
      """)

  @Option(name: .long, help: "Address and port; port 0 lets the system choose.")
  var listen = ListenAddress.default.description

  @Option(
    name: .long, help: "A file with the bearer token that requests must carry; needed beyond loopback.",
    completion: .file())
  var tokenFile: String?

  @OptionGroup var ledger: LedgerOptions
  @OptionGroup var common: CommonOptions

  func run() async throws {
    let options = DashboardOptions(
      listen: try ListenAddress(parsing: listen), tokenFile: tokenFile.map(Workplace.absolute), ledger: ledger.path)
    let (isQuiet, isJSON) = (common.quiet, common.json)
    if !isQuiet, !isJSON { Terminal.note("reading \(ledger.path)") }
    try await Dashboard.serve(options) { url in
      if isJSON {
        try? Terminal.sayJSON(["url": url])
      } else if !isQuiet {
        Terminal.note("serving on \(url) until Ctrl-C")
      }
    }
  }
}
