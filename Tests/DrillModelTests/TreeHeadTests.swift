import DrillCrypto
import DrillModel
import Testing

@Suite("signed tree heads")
struct TreeHeadTests {
  private func head() throws -> TreeHead {
    try TreeHead(origin: "example.com/ledger", MerkleTree(leaves: [MerkleTree.leafDigest(of: [])]))
  }

  @Test("the text is a checkpoint")
  func text() throws {
    let head = try head()
    #expect(head.text == "example.com/ledger\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n")
    #expect(TreeHead(text: head.text) == head)
    for text in [
      "", "a\n1\n", "a\n01\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n",
      "a b\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n",
    ] {
      #expect(TreeHead(text: text) == nil)
    }
    #expect(throws: DrillError.self) { try TreeHead(origin: "a+b", MerkleTree()) }
  }

  @Test("a head is taken from a trusted signer alone, and unedited", arguments: KeyAlgorithm.allCases)
  func signed(algorithm: KeyAlgorithm) throws {
    let key = try SigningKey.generate(algorithm)
    let stranger = try SigningKey.generate(algorithm)
    let expected = try head()
    let signed = try expected.signed(with: key)
    #expect(TreeHead(verifying: signed, trusted: [stranger.publicKey, key.publicKey]) == expected)
    #expect(TreeHead(verifying: signed, trusted: [stranger.publicKey]) == nil)
    #expect(TreeHead(verifying: signed, trusted: []) == nil)
    for index in signed.indices {
      var edited = signed
      edited[index] ^= 1
      let read = TreeHead(verifying: edited, trusted: [key.publicKey])
      #expect(read == nil || read == expected, "an edit at byte \(index) gave another head")
      #expect(
        TreeHead(verifying: Array(signed.prefix(index)), trusted: [key.publicKey]) == nil || algorithm == .ecdsaP256)
    }
  }

  /// Source: golang.org/x/mod/sumdb/note, package documentation: the key `PeterNeumann` and the note that it signed.
  @Test("a published note verifies by its key id and signature")
  func published() throws {
    let key = try PublicKey(
      raw: Array(try #require(Base64.decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")).dropFirst()),
      algorithm: .ed25519)
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    let signature = try #require(
      Base64.decode("x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="))
    #expect(key.verifies(Array(signature.dropFirst(4)), of: Array(text.utf8)))
    #expect(SHA256.digest(Array("PeterNeumann\n".utf8) + [1] + key.raw).bytes.prefix(4) == signature.prefix(4))
  }
}
