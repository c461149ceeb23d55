import DrillCrypto
import DrillModel
import Testing

@Suite("SHA-256 of many messages")
struct SHA256LanesTests {
  /// FIPS 180-4's own examples. Source: NIST, "SHA-256 Example", two messages; the empty one: NIST CAVP.
  @Test("published digests come out of both lanes", arguments: [true, false])
  func vectors(isPaired: Bool) {
    let long = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
    let digests = hash(["abc", "", long, "abc", long].map { Array($0.utf8) }, isPaired: isPaired)
    let (short, empty, two) = (
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    )
    #expect(digests.map(\.hex) == [short, empty, two, short, two])
  }

  @Test("messages of every length come out as from the streaming computation", arguments: [true, false])
  func lengths(isPaired: Bool) {
    var random = SeededGenerator(seed: 1)
    var messages = (0...600).map { count in (0..<count).map { _ in UInt8(random.next(below: 256)) } }
    for count in [4032, 4095, SHA256Lanes.capacity] { messages.append(Array(repeating: 0x61, count: count)) }
    // Long beside short: one lane waits while the other goes through several messages.
    random.shuffle(&messages)
    #expect(hash(messages, isPaired: isPaired) == messages.map { SHA256.digest($0) })
  }

  @Test("a sum is that of the digests, however much room is around a message", arguments: [true, false])
  func sums(isPaired: Bool) {
    var random = SeededGenerator(seed: 2)
    let lanes = SHA256Lanes(isPaired: isPaired)
    for count in 0...200 {
      // What lies around a message has to stay out of its digest.
      let memory = (0..<(count + 1 + SHA256Lanes.slack)).map { _ in UInt8(random.next(below: 256)) }
      let message = Array(memory[1..<(1 + count)])
      var expected = Sum256()
      for isRoomy in [true, false, true] {
        memory.withUnsafeBytes {
          lanes.add(prefix: 7, UnsafeRawBufferPointer(rebasing: $0[1..<(1 + count)]), isRoomy: isRoomy)
        }
        expected += Sum256(SHA256.digest([7] + message))
      }
      let sum = lanes.takeSum()
      #expect(sum == expected, "\(count) bytes")
      #expect(lanes.takeSum() == Sum256())
    }
  }

  @Test("a sum and single digests do not get into each other's way")
  func mixed() {
    let lanes = SHA256Lanes()
    let target = UnsafeMutablePointer<Digest>.allocate(capacity: 1)
    defer { target.deallocate() }
    [UInt8](repeating: 1, count: 300).withUnsafeBytes { lanes.add(prefix: 2, $0, isRoomy: false) }
    lanes.message.storeBytes(of: 0x61, as: UInt8.self)
    lanes.end(1, into: target)
    #expect(lanes.takeSum() == Sum256(SHA256.digest([2] + [UInt8](repeating: 1, count: 300))))
    #expect(target.pointee == SHA256.digest([0x61]))
  }

  @Test(
    "long messages are taken from where they lie, between what stands before and behind them", arguments: [true, false])
  func long(isPaired: Bool) {
    var random = SeededGenerator(seed: 3)
    let memory = (0..<20_000).map { _ in UInt8(random.next(below: 256)) }
    let lanes = SHA256Lanes(isPaired: isPaired)
    let count = 600
    let targets = UnsafeMutableBufferPointer<Digest>.allocate(capacity: count)
    defer { targets.deallocate() }
    var expected: [Digest] = []
    memory.withUnsafeBytes { memory in
      func part(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[offset..<(offset + count)])
      }
      for index in 0..<count {
        // Every remainder of a block in each part; and now and then a message that is short.
        let isShort = index % 7 == 3
        let head = part(100, 1 + index % 130)
        let body = part(300 + index, isShort ? 0 : 64 + (index < 300 ? index : index * 17))
        let tail = part(7, isShort ? 0 : [0, 1, 40, 64][index % 4])
        guard let start = head.baseAddress, let target = targets.baseAddress.map({ $0 + index }) else { continue }
        lanes.message.copyMemory(from: start, byteCount: head.count)
        if isShort {
          lanes.end(head.count, into: target)
        } else {
          lanes.end(head.count, body: body, tail: tail, into: target)
        }
        expected.append(SHA256.digest(Array(head) + Array(body) + Array(tail)))
      }
      lanes.finish()
    }
    #expect(Array(targets) == expected)
  }

  private func hash(_ messages: [[UInt8]], isPaired: Bool) -> [Digest] {
    let lanes = SHA256Lanes(isPaired: isPaired)
    let targets = UnsafeMutableBufferPointer<Digest>.allocate(capacity: messages.count)
    defer { targets.deallocate() }
    for (index, message) in messages.enumerated() {
      message.withUnsafeBytes { bytes in
        if let start = bytes.baseAddress { lanes.message.copyMemory(from: start, byteCount: bytes.count) }
      }
      lanes.end(message.count, into: targets.baseAddress.map { $0 + index })
    }
    lanes.finish()
    return Array(targets)
  }
}
