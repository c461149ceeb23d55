/// The exit statuses of `firedrill`; help and README are generated from this list.
public enum ExitStatus: Int32, Sendable, CaseIterable {
  case pass = 0
  case fail = 1
  case inconclusive = 2
  case usage = 64
  case bug = 70

  public init(_ verdict: Verdict) {
    switch verdict {
    case .pass: self = .pass
    case .inconclusive: self = .inconclusive
    case .fail: self = .fail
    }
  }

  public var meaning: String {
    switch self {
    case .pass: "pass; for diff: equal"
    case .fail: "fail: something is wrong with what was examined; for diff: different"
    case .inconclusive:
      "inconclusive: could not look, or looked at too little; also a result that could not be recorded"
    case .usage: "usage, or a file that cannot be read as what it should be (with line and column)"
    case .bug: "a bug in firedrill"
    }
  }
}
