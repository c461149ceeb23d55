public import DrillModel

extension ReplayDriver {
  /// How often a question is asked again whose answer is about to count as a difference: of two possible answers, a
  /// store that draws one would give the same one so often once in 32,768 times.
  public static let repeats = 16
  /// The share of the budget within which each question is asked once.
  private static let firstShare = 0.6

  /// Asks all operations, and then those that were answered a second time: what the store itself does not answer the
  /// same way twice can be held against no other store (A/A before A/B).
  ///
  /// Answers that disagree are ``Reply/unsteady``. The budget is for both rounds; what it leaves of the second stands
  /// as it was answered once. Times are those of the first.
  /// - Throws: see ``replay(_:on:)``.
  public func replayTwice(_ operations: [Operation], on store: any Store) async throws -> ReplayResult {
    var once = self
    once.budget = budget.map { $0 * ReplayDriver.firstShare }
    let first = try await once.replay(operations, on: store)
    var again = self
    again.budget = budget.map { max($0 - first.elapsed, .zero) }
    return try await again.askAgain(first, on: store) { _, _ in true }
  }

  /// Asks again what was answered and is chosen, `times` times or until an answer is another one, which is then
  /// ``Reply/unsteady``.
  ///
  /// - Throws: `CancellationError`; a store that has gone meanwhile changes nothing.
  public func askAgain(
    _ result: ReplayResult, times: Int = 1, on store: any Store,
    where isChosen: (Operation, RecordedAnswer) -> Bool
  ) async throws -> ReplayResult {
    var result = result
    var open = result.operations.indices.filter {
      result.answers[$0].digest != nil && isChosen(result.operations[$0], result.answers[$0])
    }
    var twice = Set<Int>()
    var driver = self
    for _ in 0..<times {
      guard !open.isEmpty, driver.budget.map({ $0 > .zero }) ?? true else { break }
      let again: ReplayResult
      do {
        again = try await driver.replay(open.map { result.operations[$0] }, on: store)
      } catch is DrillError {
        try Task.checkCancellation()
        break
      }
      driver.budget = driver.budget.map { max($0 - again.elapsed, .zero) }
      // What was not asked is missing, and the rest stands in order.
      var place = again.operations.startIndex
      open = open.filter { index in
        guard place < again.operations.endIndex, again.operations[place] == result.operations[index] else {
          return true
        }
        defer { place += 1 }
        guard let digest = again.answers[place].digest else { return true }
        twice.insert(index)
        guard digest != result.answers[index].digest else { return true }
        result.answers[index] = RecordedAnswer(digest: nil, shape: Reply.unsteady)
        return false
      }
    }
    result.askedAgain += twice.count
    return result
  }
}
