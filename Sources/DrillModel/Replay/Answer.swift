/// A store's canonical reply to one operation.
public indirect enum Answer: Hashable, Sendable {
  case null
  case integer(Int64)
  case real(Double)
  case text([UInt8])
  case blob([UInt8])
  /// In the order given, which is part of the answer.
  case array([Answer])
  /// A multiset: the engine defines no order (set members, hash fields, rows without ORDER BY).
  case unordered([Answer])
  /// The store refused the operation in a way that belongs to its contents (`WRONGTYPE`): the error's first word.
  case error(String)

  /// The canonical bytes: atoms; arrays as `05` and count, multisets as `06`, count and the members' bytes sorted; errors as `07` and text.
  public var canonicalBytes: [UInt8] {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return bytes
  }

  private func append(to bytes: inout [UInt8]) {
    switch self {
    case .null: bytes.appendNull()
    case .integer(let value): bytes.appendInteger(value)
    case .real(let value): bytes.appendReal(value)
    case .text(let value): bytes.appendText(value)
    case .blob(let value): bytes.appendBlob(value)
    case .array(let members):
      bytes.append(5)
      bytes.appendLittleEndian(UInt64(members.count))
      for member in members { member.append(to: &bytes) }
    case .unordered(let members):
      bytes.append(6)
      bytes.appendLittleEndian(UInt64(members.count))
      for member in members.map(\.canonicalBytes).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        bytes.append(contentsOf: member)
      }
    case .error(let code):
      bytes.append(7)
      bytes.appendText(code.utf8)
    }
  }

  /// Type and size in words, without any value: `blob of 17 bytes`, `array of 3`.
  public var shape: String {
    switch self {
    case .null: "nothing"
    case .integer: "an integer"
    case .real: "a real"
    case .text(let value): "text of \(value.count) bytes"
    case .blob(let value): "blob of \(value.count) bytes"
    case .array(let members): "array of \(members.count)"
    case .unordered(let members): "\(members.count) unordered"
    case .error(let code): "error \(code)"
    }
  }
}

/// What came of asking: an answer, or none that could be judged.
public enum Reply: Hashable, Sendable {
  case answered(Answer)
  /// Time-out, lost connection, a store that was loading or moved: neither equal nor different.
  case indeterminate(String)

  /// Why a store that is whole and at rest gives no answer: the operation's keys lie on both sides of a move, and nobody holds
  /// them all (Redis: `TRYAGAIN`).
  public static let keysApart = "its keys lie on both sides of a move"

  /// Why an answer is no answer: the same store, asked again, gave another one.
  public static let unsteady = "asked again, it gave another answer"
}

/// An answer as it is kept and compared: its digest, and its shape for people.
public struct RecordedAnswer: Hashable, Sendable, Codable {
  /// SHA-256 of ``Answer/canonicalBytes``; nil where the reply was indeterminate.
  public var digest: Digest?
  /// ``Answer/shape``, or the reason for which there is no answer.
  public var shape: String

  public init(digest: Digest?, shape: String) {
    self.digest = digest
    self.shape = shape
  }

  /// Whether the store gave two answers to it; see ``Reply/unsteady``.
  public var isUnsteady: Bool { digest == nil && shape == Reply.unsteady }
}

/// Operations with the answers that the live servers gave at the cut.
public struct AnswerSheet: Hashable, Sendable, Codable {
  /// The workload and seed that made the operations.
  public var workload: String
  public var seed: UInt64
  public var operations: [Operation]
  /// As many as there are operations, in their order.
  public var answers: [RecordedAnswer]
  /// Operations that the time budget left unasked.
  public var unasked: Int
  /// How fast the live servers answered; nil where it was not measured.
  public var latency: Run.Latency?
  /// By when the last was answered: the end of the hold, with a bound for the servers' clocks. A record that expired between the cut and then may have been
  /// answered as gone, since a server's clock goes on while its writes are held. Nil where no clock went on.
  public var askedUntil: Instant?
  /// How many of the operations were answered twice; the answer to one whose two answers differ says ``Reply/unsteady``. Nil: nothing was asked twice.
  public var askedAgain: Int?

  public init(
    workload: String, seed: UInt64, operations: [Operation], answers: [RecordedAnswer], unasked: Int,
    latency: Run.Latency? = nil
  ) {
    self.workload = workload
    self.seed = seed
    self.operations = operations
    self.answers = answers
    self.unasked = unasked
    self.latency = latency
  }
}
