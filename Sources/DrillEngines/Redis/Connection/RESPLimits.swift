/// How much a server may make us hold for one reply: a server's bytes are foreign bytes.
public struct RESPLimits: Hashable, Sendable {
  /// Bytes of one reply, with 32 for each of an array's members.
  public var replyBytes: Int
  /// Arrays within arrays.
  public var depth: Int
  /// Bytes of a line: a status, an error, an integer or a length.
  public var lineBytes: Int

  /// The default of 512 MiB is `proto-max-bulk-len`, the largest string that a server accepts unless told otherwise.
  /// Source: redis 7.0 redis.conf.
  public init(replyBytes: Int = 512 << 20, depth: Int = 16, lineBytes: Int = 64 << 10) {
    self.replyBytes = replyBytes
    self.depth = depth
    self.lineBytes = lineBytes
  }
}
