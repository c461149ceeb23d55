/// Where a replication link puts what it receives. Called on the link's event loop, in order.
protocol ReplicationSink: Sendable {
  /// Takes bytes; throwing ends the link with that error.
  func take(_ bytes: UnsafeRawBufferPointer) throws
  /// Nothing more comes; `error` is nil where the snapshot arrived whole.
  func end(_ error: (any Error)?)
  /// Whether more may come now. When it turns true again after it was false, ``onRoom(_:)``'s closure is called.
  var hasRoom: Bool { get }
  func onRoom(_ callback: @escaping @Sendable () -> Void)
}

extension ReplicationSink {
  func end(_ error: (any Error)?) {}
  var hasRoom: Bool { true }
  func onRoom(_ callback: @escaping @Sendable () -> Void) {}
}
