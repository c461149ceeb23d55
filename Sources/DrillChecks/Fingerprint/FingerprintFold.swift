internal import Dispatch
internal import DrillCrypto
public import DrillModel
internal import Foundation
internal import Synchronization

/// Folds batches of records into a fingerprint, on as many threads as it is given.
///
/// Batches of whole records go to whichever thread is free; a record that reaches over batches is hashed on the
/// caller's thread, in order. At most four batches per thread wait: where more come, the caller folds them itself, so
/// that memory stays bounded however fast the reader is, and nobody waits for room.
///
/// Used by one caller at a time. A fold that is dropped before ``finish()`` ends its threads.
public final class FingerprintFold {
  private let plan: FoldPlan
  private let crew: Crew?
  private var digester = RecordDigester()
  private var tally: RecordTally

  public init(_ plan: FoldPlan = FoldPlan()) {
    self.plan = plan
    tally = RecordTally(plan)
    crew = plan.workers > 0 ? Crew(plan) : nil
  }

  deinit { crew?.close() }

  /// Takes the next batch; a ``RecordHandler`` in shape.
  public func consume(_ batch: RecordBatch) {
    guard let first = batch.pieces.first, let last = batch.pieces.last else { return }
    if let crew, first.begins, last.ends, !digester.isInsideRecord, crew.take(batch) { return }
    RecordTally.fold(batch, &digester, &tally)
  }

  /// Waits for the threads and adds up what they have. Called once, after the last batch.
  public func finish() -> FoldedRecords {
    tally.noteBroken(digester)
    digester = RecordDigester()
    if let crew {
      crew.close()
      // What still waits is no threads' yet: on few cores the caller's help is half of the last stretch.
      while let batch = crew.next() { RecordTally.fold(batch, &digester, &tally) }
      for part in crew.finish() { tally += part }
    }
    defer { tally = RecordTally(plan) }
    return tally.folded()
  }
}

/// The threads of a fold and the bounded queue before them.
private final class Crew: Sendable {
  private let waiting = Mutex<[RecordBatch]>([])
  private let parts = Mutex<[RecordTally]>([])
  private let work = DispatchSemaphore(value: 0)
  private let done = DispatchSemaphore(value: 0)
  private let workers: Int
  private let isClosed = Mutex(false)

  init(_ plan: FoldPlan) {
    workers = plan.workers
    for _ in 0..<plan.workers {
      let thread = Thread { self.run(plan) }
      thread.stackSize = 1 << 20
      thread.start()
    }
  }

  /// False where enough batches wait already.
  func take(_ batch: RecordBatch) -> Bool {
    let isTaken = waiting.withLock { waiting in
      guard waiting.count < workers * 4 else { return false }
      waiting.append(batch)
      return true
    }
    if isTaken { work.signal() }
    return isTaken
  }

  /// Lets every thread end once nothing waits.
  func close() {
    let wasClosed = isClosed.withLock { closed in
      defer { closed = true }
      return closed
    }
    if !wasClosed { for _ in 0..<workers { work.signal() } }
  }

  /// A batch that no thread has taken yet.
  func next() -> RecordBatch? { waiting.withLock { $0.popLast() } }

  /// What the threads have, once all of them have ended.
  func finish() -> [RecordTally] {
    for _ in 0..<workers { done.wait() }
    return parts.withLock { $0 }
  }

  private func run(_ plan: FoldPlan) {
    var digester = RecordDigester()
    var tally = RecordTally(plan)
    while true {
      work.wait()
      // Nothing waits although there was a signal: it was the one that says to end.
      guard let batch = next() else { break }
      RecordTally.fold(batch, &digester, &tally)
    }
    tally.noteBroken(digester)
    let part = tally
    parts.withLock { $0.append(part) }
    done.signal()
  }
}
