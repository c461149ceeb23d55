/// How popular keys are, among those of the sample that a question can be asked about.
public enum KeyDistribution: Hashable, Sendable {
  /// Each key alike.
  case uniform
  /// The key of rank r in proportion to r^-exponent, exactly; which key has which rank is drawn by seed, so popularity
  /// does not follow names.
  case zipfian(exponent: Double)
  /// Zipfian over keys from the newest to the oldest. A key is newer than another if it is greater, runs of digits
  /// compared as numbers: stores keep no age, but identifiers mostly grow.
  case latest(exponent: Double)
  /// A share of the keys, drawn by seed, gets a share of the operations; within both parts each key alike.
  case hotspot(keys: Double, operations: Double)

  var problem: String? {
    switch self {
    case .uniform: nil
    case .zipfian(let exponent), .latest(let exponent):
      (0...10).contains(exponent) ? nil : "must have an exponent from 0 to 10"
    case .hotspot(let keys, let operations):
      (0...1).contains(keys) && keys > 0 && (0...1).contains(operations)
        ? nil : "must have a share of keys above 0 and at most 1, and a share of operations from 0 to 1"
    }
  }
}
