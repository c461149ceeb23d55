public import DrillModel

/// What a ``FingerprintFold`` collects on its one pass over the records.
public struct FoldPlan: Sendable {
  /// The slots of which records may come; nil: any. Records of other slots are counted, and a few named.
  public var allowedSlots: SlotSet?
  /// Decides which keys the sample holds.
  public var seed: UInt64
  /// Keys in the sample for each namespace and kind; 0: no sample.
  public var sampleSize: Int
  /// Threads to hash on beside the caller's; 0: all work is done on the caller's.
  public var workers: Int

  public init(allowedSlots: SlotSet? = nil, seed: UInt64 = 0, sampleSize: Int = 0, workers: Int = 0) {
    self.allowedSlots = allowedSlots
    self.seed = seed
    self.sampleSize = sampleSize
    self.workers = workers
  }
}
