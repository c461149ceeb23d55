public import DrillModel

/// The load that a profile with writes puts on a sandbox: its questions, and between them writes to keys of their own.
public struct SandboxLoad: Hashable, Sendable {
  public let steps: [LoadStep]
  /// Names of the questions for which the sample holds no key.
  public let omitted: [String]

  /// - Throws: as ``OperationStream/init(_:over:seed:slot:)``.
  public init(_ profile: WorkloadProfile, over keys: WorkloadKeys, seed: UInt64, slot: ([UInt8]) -> Slot) throws {
    let draw = try OperationDraw(profile, over: keys, seed: seed)
    omitted = draw.omitted
    let writes = profile.writes
    var shares: [UInt64] = []
    for write in writes { shares.append((shares.last ?? draw.totalWeight) + UInt64(write.weight)) }
    let total = shares.last ?? draw.totalWeight
    // Tags of the store's own keys, so that writes lie where its records do.
    let tags = keys.entries.map { HashTag.content(of: $0.key) }.filter {
      !$0.isEmpty && !$0.contains(UInt8(ascii: "}"))
    }
    let values = writes.map { [UInt8](repeating: UInt8(ascii: "x"), count: $0.size) }

    var generator = SeededGenerator(seed: seed, purpose: "load")
    let salt = generator.next()
    steps = (0..<profile.operationCount(seed: seed)).map { _ in
      let share = generator.next(below: total)
      guard share >= draw.totalWeight, let index = shares.firstIndex(where: { $0 > share }) else {
        return .ask(draw.next(slot: slot, &generator))
      }
      let write = writes[index]
      let tag = tags.isEmpty ? Array("load".utf8)[...] : tags[generator.index(below: tags.count)][...]
      return .write(
        SandboxWrite(
          write.verb, tag: tag, number: generator.index(below: write.keys), salt: salt, value: values[index],
          member: generator.index(below: 100), slot: slot))
    }
  }

  /// The steps about `slots`, in their order.
  public func restricted(to slots: SlotSet) -> SandboxLoad {
    SandboxLoad(
      steps: steps.filter { step in
        switch step {
        case .ask(let operation): slots.contains(operation.slot)
        case .write(let write): slots.contains(write.slot)
        }
      }, omitted: omitted)
  }

  private init(steps: [LoadStep], omitted: [String]) {
    self.steps = steps
    self.omitted = omitted
  }

  /// The questions, each once, in the order in which they are first asked.
  public var questions: [Operation] {
    var seen: Set<Operation> = []
    return steps.compactMap { step in
      guard case .ask(let operation) = step, seen.insert(operation).inserted else { return nil }
      return operation
    }
  }
}
