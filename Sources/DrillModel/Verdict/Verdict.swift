/// What a run concluded. Combining takes the worst; combining nothing is inconclusive, so that a drill that looked at nothing cannot be green.
public enum Verdict: String, Sendable, Codable, CaseIterable, Comparable {
  case pass
  case inconclusive
  case fail

  public static func < (a: Verdict, b: Verdict) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .pass: 0
    case .inconclusive: 1
    case .fail: 2
    }
  }

  /// The worst of `parts`; inconclusive where there are none.
  public static func combining(_ parts: some Sequence<Verdict>) -> Verdict { parts.max() ?? .inconclusive }
}
