internal import DrillCrypto
internal import Foundation

/// What a server does to some of its answers, as seen through a ``MisbehavingProxy``.
public struct Misbehaviour: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// One byte of a value is another one, and the reply is well formed.
    case lies
    /// The members of an array come in the opposite order.
    case reverses
    /// An array has a member less, and is well formed.
    case shortens
    /// The reply comes twice.
    case repeats
    /// The connection ends in the middle of the reply.
    case cuts
    /// Neither this reply nor any after it on the connection ever comes.
    case stalls
  }

  enum Act: Hashable, Sendable {
    case kind(Kind)
    case says(lie: [UInt8], truth: [UInt8])
  }

  var act: Act
  /// The commands whose replies are touched, in upper case; nil: all.
  var verbs: Set<String>?
  var seed: UInt64 = 0
  /// One key in so many is touched, by its seeded hash, so that whoever asks in whatever order hears the same.
  var every: UInt64 = 1
  /// Different keys that are touched at most.
  var mostKeys = Int.max
  /// Replies that are touched at most.
  var most = Int.max

  public init(
    _ kind: Kind, verbs: Set<String>? = nil, every: UInt64 = 1, mostKeys: Int = .max, seed: UInt64
  ) {
    precondition(every > 0)
    act = .kind(kind)
    self.verbs = verbs
    (self.every, self.mostKeys, self.seed) = (every, mostKeys, seed)
  }

  private init(_ act: Act) { self.act = act }

  /// Replies that hold `truth` have `lie` in its place, at most `most` of them.
  public static func saying(_ lie: String, insteadOf truth: String, most: Int = .max) -> Misbehaviour {
    precondition(lie.utf8.count == truth.utf8.count, "a lie that is as long as the truth keeps the reply well formed")
    var misbehaviour = Misbehaviour(.says(lie: Array(lie.utf8), truth: Array(truth.utf8)))
    misbehaviour.most = most
    return misbehaviour
  }

  /// Whether the replies to a command are touched at all.
  func concerns(_ command: RESPReply.Command) -> Bool {
    if let verbs { guard verbs.contains(command.name) else { return false } }
    return every == 1 || SipHash(seed: seed).hash(command.key) % every == 0
  }

  /// What becomes of a whole reply; nil: it is passed on as it is, since there is nothing in it to touch.
  func touched(_ reply: [UInt8]) -> Touched? {
    switch act {
    case .says(let lie, let truth):
      guard let place = reply.firstRange(of: truth) else { return nil }
      var bytes = reply
      bytes.replaceSubrange(place, with: lie)
      return .bytes(bytes)
    case .kind(.lies): return RESPReply(reply).lying().map { .bytes($0) }
    case .kind(.reverses): return RESPReply(reply).reversed().map { .bytes($0) }
    case .kind(.shortens): return RESPReply(reply).shortened().map { .bytes($0) }
    case .kind(.repeats): return .bytes(reply + reply)
    case .kind(.cuts): return reply.count > 2 ? .last(Array(reply.prefix(reply.count / 2))) : nil
    case .kind(.stalls): return .never
    }
  }

  enum Touched {
    case bytes([UInt8])
    /// After these the connection ends.
    case last([UInt8])
    case never
  }
}
