/// Up to where an append-only log is read; always to the last whole command, and never into a transaction.
package enum AOFPoint: Hashable, Sendable {
  /// All of it.
  case end
  /// Nothing that was written in a later second than this one, in seconds since 1970. It takes a log with time stamps
  /// (`aof-timestamp-enabled`), and stops before the first later one, as `redis-check-aof --truncate-to-timestamp` does.
  case time(Int64)
  /// Commands that end at or before a byte of a file (its name without folders), and all files before that one.
  case position(file: String, offset: UInt64)
}
