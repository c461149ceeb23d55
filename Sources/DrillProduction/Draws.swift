import DrillModel

extension SeededGenerator {
  mutating func pick<T>(_ choices: [T]) -> T { choices[index(below: choices.count)] }

  /// Letters and digits, which compress, or any bytes, which do not.
  mutating func bytes(_ count: Int, isText: Bool = true) -> [UInt8] {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
    return (0..<count).map { _ in isText ? pick(letters) : UInt8(truncatingIfNeeded: next()) }
  }
}
