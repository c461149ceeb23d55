import HTTPTypes

/// The statuses that a page may have.
enum DashboardStatus {
  case ok, notFound

  var code: HTTPResponse.Status {
    switch self {
    case .ok: .ok
    case .notFound: .notFound
    }
  }
}
