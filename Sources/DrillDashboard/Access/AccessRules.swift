import HTTPTypes

/// Who may ask, and what.
struct AccessRules: Sendable {
  /// Nil: nobody is asked for one.
  var token: BearerToken?
  var isLoopback: Bool

  enum Refusal: Equatable { case method, host, token }

  /// - Parameter isProbe: for `/healthz`, which says nothing and needs no token.
  func refusal(of request: HTTPRequest, isProbe: Bool) -> Refusal? {
    guard request.method == .get || request.method == .head else { return .method }
    guard !isLoopback || isOurName(request.authority) else { return .host }
    guard let token, !isProbe else { return nil }
    let authorizations = request.headerFields[values: .authorization]
    return authorizations.count == 1 && token.isCarried(by: authorizations.first) ? nil : .token
  }

  /// A page of somebody else whose name was made to resolve to this machine (DNS rebinding) asks for that name.
  private func isOurName(_ authority: String?) -> Bool {
    guard var host = authority else { return false }
    if host.hasPrefix("[") {
      guard let end = host.firstIndex(of: "]") else { return false }
      let rest = host[host.index(after: end)...]
      guard rest.isEmpty || isPort(rest) else { return false }
      host = String(host[host.index(after: host.startIndex)..<end])
    } else if let colon = host.firstIndex(of: ":") {
      guard isPort(host[colon...]) else { return false }
      host = String(host[..<colon])
    }
    return ListenAddress.isLoopback(host)
  }

  private func isPort(_ text: Substring) -> Bool { text.first == ":" && UInt16(text.dropFirst()) != nil }
}
