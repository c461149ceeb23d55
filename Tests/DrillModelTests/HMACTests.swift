import DrillCrypto
import DrillModel
import Testing

@Suite("HMAC-SHA256")
struct HMACTests {
  // Source: RFC 4231, test cases 2, 1 and 6.
  @Test(
    "gives the published values",
    arguments: [
      (
        Array("Jefe".utf8), "what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
      ),
      (
        [UInt8](repeating: 0x0b, count: 20), "Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
      ),
      (
        [UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
      ),
    ] as [([UInt8], String, String)])
  func vectors(key: [UInt8], message: String, expected: String) {
    #expect(HMAC.sha256(key: key, message: Array(message.utf8)).hex == expected)
  }

  @Test("an empty key is the key of no bytes")
  func empty() {
    #expect(
      HMAC.sha256(key: [], message: []).hex == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
  }

  @Test("comparing in constant time agrees with comparing")
  func constantTime() {
    #expect(ConstantTime.isEqual([1, 2], [1, 2]) && ConstantTime.isEqual([], []))
    #expect(!ConstantTime.isEqual([1, 2], [1, 3]) && !ConstantTime.isEqual([1], [1, 2]))
    #expect(Randomness.bytes(32) != Randomness.bytes(32) && Randomness.bytes(0) == [])
  }
}
