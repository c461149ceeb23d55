import DrillEvidence
import DrillModel
import HTTPTypes
import Hummingbird

/// Answers every request: whether it may be asked, what it asks for, and what the memory says to it.
struct DashboardResponder: HTTPResponder {
  typealias Context = BasicRequestContext

  let watch: LedgerWatch
  let access: AccessRules
  private let pages = DashboardPages()
  /// The time that ages are told against; tests stop it.
  var now: @Sendable () -> Instant = { .now }

  init(watch: LedgerWatch, access: AccessRules, now: @escaping @Sendable () -> Instant = { .now }) {
    self.watch = watch
    self.access = access
    self.now = now
  }

  func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
    answer(to: request).response(isHead: request.method == .head)
  }

  /// Needs no connection.
  func answer(to request: Request) -> DashboardAnswer {
    let path = DashboardPath(request.uri.path)
    if let refusal = access.refusal(of: request.head, isProbe: path == DashboardPath("/healthz")) {
      return Self.answer(to: refusal)
    }
    guard let path else { return .text("the path is not UTF-8 in percent-encoding\n", status: .badRequest) }
    let query = Dictionary(
      request.uri.queryParameters.map { (String($0.key), String($0.value)) }, uniquingKeysWith: { first, _ in first })
    let question = DashboardQuestion(path: path, query: query, view: watch.view, ledger: watch.ledger, now: now())
    do {
      if path.segments.first == "api" { return try APIAnswers(question).answer() }
      if path == DashboardPath("/metrics") { return MetricsAnswer.answer(question) }
      if path == DashboardPath("/healthz") { return Self.health(question) }
      return try pages.answer(question)
    } catch let error as DrillError where error.code == .noSuchRun {
      return path.segments.first == "api"
        ? APIAnswers.missing(error.description) : pages.missing(question, error.description)
    } catch let error as DrillError where error.code == .usage {
      return .text("\(error.description)\n", status: .badRequest)
    } catch {
      // What is wrong with the ledger is for whoever runs this, not for whoever asks.
      return .text("the ledger cannot be read now; /healthz says since when\n", status: .serviceUnavailable)
    }
  }

  private static func answer(to refusal: AccessRules.Refusal) -> DashboardAnswer {
    switch refusal {
    case .method:
      var answer = DashboardAnswer.text("read-only: GET and HEAD are answered\n", status: .methodNotAllowed)
      answer.more = [(.allow, "GET, HEAD")]
      return answer
    case .host: return .text("this is not the name of this machine's loopback\n", status: .misdirectedRequest)
    case .token:
      var answer = DashboardAnswer.text("a bearer token is needed\n", status: .unauthorized)
      answer.more = [(.wwwAuthenticate, "Bearer realm=\"firedrill\"")]
      return answer
    }
  }

  private static func health(_ question: DashboardQuestion) -> DashboardAnswer {
    guard question.view.problem == nil, let readAt = question.view.readAt else {
      let since = question.view.readAt.map { " since \($0)" } ?? ""
      return .text("the ledger cannot be read\(since)\n", status: .serviceUnavailable)
    }
    return .text("ok\nledger read \(readAt)\n")
  }
}
