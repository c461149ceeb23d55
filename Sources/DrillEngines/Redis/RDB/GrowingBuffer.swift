/// Memory that is filled from the front, handed on as an array, and filled again. For elements that own nothing: they
/// are forgotten, not destroyed.
///
/// A class, since the compiler checks each change of a struct inside a class at run time for exclusive access.
final class GrowingBuffer<Element> {
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var capacity: Int
  var count = 0

  init(capacity: Int) {
    base = .allocate(capacity: capacity)
    self.capacity = capacity
  }

  deinit { base.deallocate() }

  /// Makes room for `extra` elements after ``count``.
  @inline(__always)
  func reserve(_ extra: Int) {
    if capacity &- count < extra { grow(to: count + extra) }
  }

  @inline(__always)
  func append(_ element: Element) {
    reserve(1)
    (base + count).initialize(to: element)
    count &+= 1
  }

  private func grow(to needed: Int) { move(toCapacity: max(needed, capacity * 2)) }

  /// Gives back what a single large record needed.
  func shrink(to smaller: Int) {
    if capacity > smaller, count <= smaller { move(toCapacity: smaller) }
  }

  private func move(toCapacity new: Int) {
    let moved = UnsafeMutablePointer<Element>.allocate(capacity: new)
    moved.initialize(from: base, count: count)
    base.deallocate()
    base = moved
    capacity = new
  }

  func array(_ range: Range<Int>) -> [Element] {
    Array(UnsafeBufferPointer(start: base + range.lowerBound, count: range.count))
  }
}
