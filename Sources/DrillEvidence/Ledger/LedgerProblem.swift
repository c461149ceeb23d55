/// One thing that is wrong with a ledger.
public struct LedgerProblem: Hashable, Sendable, Codable {
  /// Stable codes.
  public enum Code: String, Sendable, Codable, CaseIterable {
    /// SQLite's own integrity check complains.
    case databaseCorrupt = "database-corrupt"
    /// A table or a guard of the schema is not what this program made.
    case schemaAltered = "schema-altered"
    /// A leaf is gone from before the end.
    case leafMissing = "leaf-missing"
    /// A leaf's statement does not have the leaf's hash.
    case leafEdited = "leaf-edited"
    /// Tree heads reach further than the leaves do.
    case tailCut = "tail-cut"
    /// The leaves do not make the tree that was recorded when it had that size.
    case headDiffers = "head-differs"
    /// A tree size has no recorded head.
    case headMissing = "head-missing"
    /// Details do not have the digest under which they are kept.
    case detailsEdited = "details-edited"
    /// Details are gone without having been dropped by age.
    case detailsMissing = "details-missing"
    /// Details are kept that no leaf names.
    case detailsUnreferenced = "details-unreferenced"
    /// A head that was anchored elsewhere is larger than the ledger: its end was cut off.
    case anchorBeyond = "anchor-beyond"
    /// The ledger's tree of that size has another root than the one anchored elsewhere.
    case anchorDiffers = "anchor-differs"
    /// Keys were named as trusted, and none of them verifies an anchored head.
    case anchorUntrusted = "anchor-untrusted"
    /// An anchored head cannot be read.
    case anchorUnreadable = "anchor-unreadable"
  }

  public var code: Code
  /// The first leaf concerned.
  public var leaf: Int?
  /// The tree size concerned.
  public var size: Int?
  /// A digest, a table, or where an anchor stands.
  public var subject: String?
  /// What was found, for people.
  public var detail: String

  public init(_ code: Code, leaf: Int? = nil, size: Int? = nil, subject: String? = nil, detail: String) {
    self.code = code
    self.leaf = leaf
    self.size = size
    self.subject = subject
    self.detail = detail
  }
}
