public import DrillModel
import Foundation

/// The ledger's Merkle tree at one size: who keeps it elsewhere can later tell whether the first ``size`` leaves are still what they were.
public struct TreeHead: Hashable, Sendable, Codable {
  /// Which ledger: `firedrill-ledger/<16 hexadecimal digits>`.
  public var origin: String
  /// Number of leaves.
  public var size: Int
  /// Source: RFC 6962 section 2.1, SHA-256.
  public var root: Digest
  /// When the tree reached this size.
  public var time: Instant

  public init(origin: String, size: Int, root: Digest, time: Instant) {
    self.origin = origin
    self.size = size
    self.root = root
    self.time = time
  }

  /// The text that is signed: a checkpoint with the time as its one extension line. Source: C2SP tlog-checkpoint.
  public var checkpoint: String { "\(origin)\n\(size)\n\(Data(root.bytes).base64EncodedString())\ntime \(time)\n" }

  /// Reads a checkpoint; nil where it is not of the form that ``checkpoint`` writes.
  public init?(checkpoint: String) {
    let lines = checkpoint.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 5, lines[4].isEmpty, !lines[0].isEmpty, lines[3].hasPrefix("time "),
      let size = Int(lines[1]), size >= 0, let root = Data(base64Encoded: String(lines[2])), root.count == 32,
      let time = Instant(parsing: String(lines[3].dropFirst(5)))
    else { return nil }
    self.init(origin: String(lines[0]), size: size, root: root.withUnsafeBytes { Digest($0) }, time: time)
    guard self.checkpoint == checkpoint else { return nil }
  }
}
