internal import DrillModel

/// Draws a profile's questions, one after the other.
struct OperationDraw {
  /// Names of the questions for which the sample holds no key.
  let omitted: [String]
  /// The sum of the weights of the questions that can be asked.
  let totalWeight: UInt64
  private let questions: [QuestionSource]
  private let shares: [UInt64]
  private let absentShare: Double

  /// - Throws: see ``OperationStream/init(_:over:seed:slot:)``.
  init(_ profile: WorkloadProfile, over keys: WorkloadKeys, seed: UInt64) throws {
    if let problem = profile.problems.first {
      throw DrillError(.badFile, subject: profile.name, detail: "'\(problem.field)' \(problem.detail)")
    }
    let asked = profile.mix.filter { $0.weight > 0 }
    let questions = asked.compactMap { QuestionSource($0, over: keys, distribution: profile.keys, seed: seed) }
    omitted = asked.map(\.name).filter { name in !questions.contains { $0.name == name } }
    guard !questions.isEmpty else {
      throw DrillError(
        .usage, subject: profile.name,
        detail: "none of its questions can be asked: the \(keys.entries.count) sampled keys are of other kinds")
    }
    var shares: [UInt64] = []
    for question in questions { shares.append((shares.last ?? 0) + UInt64(question.weight)) }
    totalWeight = shares[shares.count - 1]
    self.questions = questions
    self.shares = shares
    absentShare = profile.absentShare
  }

  func next(slot: ([UInt8]) -> Slot, _ generator: inout SeededGenerator) -> Operation {
    let share = generator.next(below: totalWeight)
    let question = questions[shares.firstIndex { $0 > share } ?? 0]
    return question.next(isAbsent: generator.happens(absentShare), slot: slot, &generator)
  }
}
