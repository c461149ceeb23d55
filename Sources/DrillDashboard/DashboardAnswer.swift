import DrillEvidence
import HTTPTypes
import Hummingbird
import NIOCore

/// What a request is answered with; becomes a response with the headers that every response has.
struct DashboardAnswer: Sendable {
  var status: HTTPResponse.Status = .ok
  var contentType: String
  var body: String
  var more: [(HTTPField.Name, String)] = []

  static func html(_ body: String, status: HTTPResponse.Status = .ok) -> DashboardAnswer {
    DashboardAnswer(status: status, contentType: "text/html; charset=utf-8", body: body)
  }

  static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> DashboardAnswer {
    DashboardAnswer(
      status: status, contentType: "application/json; charset=utf-8", body: try CanonicalJSON.text(value) + "\n")
  }

  static func text(_ body: String, status: HTTPResponse.Status = .ok) -> DashboardAnswer {
    DashboardAnswer(status: status, contentType: "text/plain; charset=utf-8", body: body)
  }

  /// - Parameter isHead: headers alone, those of the whole answer.
  func response(isHead: Bool) -> Response {
    var headers = HTTPFields()
    headers[.contentType] = contentType
    headers[.contentSecurityPolicy] = PageTemplates.securityPolicy + "; frame-ancestors 'none'"
    headers[.xContentTypeOptions] = "nosniff"
    headers[.cacheControl] = "no-store"
    for (name, value) in Self.fixed { headers[name] = value }
    for (name, value) in more { headers[name] = value }
    let response = Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
    return isHead ? response.createHeadResponse() : response
  }

  private static let fixed: [(HTTPField.Name, String)] = [
    ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
  ].compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }
}
