/// What a leaf of one kind states. Small: it stays for ever. What is bulky goes into the leaf's details, of which it keeps the digest only.
public protocol LeafBody: Codable, Sendable {
  static var kind: LeafKind { get }
}
