/// A list to which both ends are near: queues are pushed at one and popped at the other.
final class AOFList {
  /// What stands before `back`, last first.
  private var front: [[UInt8]] = []
  private var back: [[UInt8]]
  /// Elements of `back` that were popped.
  private var popped = 0

  init(_ elements: [[UInt8]] = []) { back = elements }

  var count: Int { front.count + back.count - popped }
  var isEmpty: Bool { count == 0 }

  /// In order.
  var elements: [[UInt8]] {
    get { front.reversed() + back[popped...] }
    set { (front, back, popped) = ([], newValue, 0) }
  }

  subscript(index: Int) -> [UInt8] {
    get { index < front.count ? front[front.count - 1 - index] : back[popped + index - front.count] }
    set {
      if index < front.count {
        front[front.count - 1 - index] = newValue
      } else {
        back[popped + index - front.count] = newValue
      }
    }
  }

  func push(_ element: [UInt8], atHead: Bool) { atHead ? front.append(element) : back.append(element) }

  /// - Precondition: the list is not empty.
  func pop(atHead: Bool) -> [UInt8] {
    if atHead {
      if let first = front.popLast() { return first }
      let first = back[popped]
      back[popped] = []
      popped += 1
      if popped > 64, popped * 2 > back.count {
        back.removeFirst(popped)
        popped = 0
      }
      return first
    }
    if back.count > popped { return back.removeLast() }
    // All is in front: half of it goes to the back, so that popping stays cheap.
    let all = Array(front.reversed())
    front = all[..<(all.count / 2)].reversed()
    back = Array(all[(all.count / 2)...])
    popped = 0
    return back.removeLast()
  }
}
