import DrillEngines
import DrillModel

/// A filter of the person's own: the drill names its programs, never a manifest.
public struct FilterCommand: Hashable, Sendable {
  /// Program and arguments that read the encoded bytes from standard input and write the plain ones to standard output.
  public var decode: [String]?
  /// The same the other way.
  public var encode: [String]?

  public init(decode: [String]? = nil, encode: [String]? = nil) {
    self.decode = decode
    self.encode = encode
  }

  /// - Throws: `DrillError` with `filter-missing`.
  static func launch(_ words: [String]?, of name: String) throws -> ChildProcess.Launch {
    guard let words, let first = words.first else {
      throw DrillError(
        .filterMissing, subject: name,
        detail:
          "this is none of \(FilterTools.Builtin.allCases.map(\.rawValue).joined(separator: ", ")), and 'filters' names no program for it"
      )
    }
    return FilterTools.limited(try FilterTools.executable(first, package: first), Array(words.dropFirst()))
  }
}
