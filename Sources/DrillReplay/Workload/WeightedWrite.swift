public import DrillModel

/// A write of a workload's load with its share.
public struct WeightedWrite: Hashable, Sendable {
  public var verb: SandboxWrite.Verb
  /// Its share is its weight over the sum of the weights of questions and writes.
  public var weight: Int
  /// Different keys that it writes under each tag.
  public var keys: Int
  /// Bytes of a value.
  public var size: Int

  public init(_ verb: SandboxWrite.Verb, weight: Int = 1, keys: Int = 10, size: Int = 100) {
    self.verb = verb
    self.weight = weight
    self.keys = keys
    self.size = size
  }

  var problems: [WorkloadProfile.Problem] {
    var problems: [WorkloadProfile.Problem] = []
    if !(1...1_000_000).contains(keys) { problems.append(.init(field: "keys", detail: "must be from 1 to 1000000")) }
    if !(1...(16 << 20)).contains(size) {
      problems.append(.init(field: "size", detail: "must be from 1 B to 16 MiB"))
    }
    return problems
  }
}
