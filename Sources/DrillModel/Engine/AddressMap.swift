/// Where servers are reached that announce addresses of another network: behind address translation, in containers.
public struct AddressMap: Hashable, Sendable {
  /// Announced host and port → where it is reached.
  public var endpoints: [Endpoint: Endpoint]
  /// Announced host → host that it is reached by, at the announced port.
  public var hosts: [String: String]

  public init(endpoints: [Endpoint: Endpoint] = [:], hosts: [String: String] = [:]) {
    self.endpoints = endpoints
    self.hosts = hosts
  }

  public var isEmpty: Bool { endpoints.isEmpty && hosts.isEmpty }

  /// Where what is announced as `announced` is reached: an entry for host and port, then one for the host, else as it
  /// was announced.
  public func reachable(_ announced: Endpoint) -> Endpoint {
    if let endpoint = endpoints[announced] { return endpoint }
    guard case .tcp(let host, let port) = announced, let other = hosts[host] else { return announced }
    return .tcp(host: other, port: port)
  }
}
