/// Does a piece of work for each element, `width` of them at once; the results in the elements' order.
///
/// - Throws: what the first piece of work to fail throws; the others are cancelled.
func concurrently<Element: Sendable, Result: Sendable>(
  _ elements: [Element], atMost width: Int, _ work: @escaping @Sendable (Element) async throws -> Result
) async throws -> [Result] {
  try await withThrowingTaskGroup(of: (Int, Result).self) { group in
    var results = [Result?](repeating: nil, count: elements.count)
    var waiting = elements.enumerated().makeIterator()
    func startNext(_ group: inout ThrowingTaskGroup<(Int, Result), any Error>) {
      guard let (index, element) = waiting.next() else { return }
      group.addTask { (index, try await work(element)) }
    }
    for _ in 0..<width { startNext(&group) }
    while let (index, result) = try await group.next() {
      results[index] = result
      startNext(&group)
    }
    return results.compactMap { $0 }
  }
}
