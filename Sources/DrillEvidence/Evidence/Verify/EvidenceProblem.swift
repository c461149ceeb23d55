/// One thing that is wrong with an archive of evidence.
public struct EvidenceProblem: Hashable, Sendable, Codable {
  /// Stable codes.
  public enum Code: String, Sendable, Codable, CaseIterable {
    // The archive as a file.
    case archiveTruncated = "archive-truncated"
    /// An entry's name is absolute, leads out of the archive, or has characters that ours have not.
    case badName = "bad-name"
    /// A link, a folder, a device.
    case notAFile = "not-a-file"
    case duplicateEntry = "duplicate-entry"
    /// Bytes follow the archive's end.
    case trailingBytes = "trailing-bytes"
    /// Bytes are hidden after a file's end.
    case hiddenBytes = "hidden-bytes"
    /// Anything else about the archive that this program does not write.
    case notCanonical = "not-canonical"

    // The files.
    case fileMissing = "file-missing"
    case fileUnexpected = "file-unexpected"
    case fileChanged = "file-changed"
    /// The manifest or the list of digests cannot be read.
    case manifestUnreadable = "manifest-unreadable"
    /// No key that is trusted signed the manifest.
    case manifestUntrusted = "manifest-untrusted"
    /// A file beside an envelope or a head does not hold that envelope's bytes or signature.
    case partsDiffer = "parts-differ"

    // What they say.
    case statementUnreadable = "statement-unreadable"
    case statementUntrusted = "statement-untrusted"
    /// A statement does not repeat the leaf that it is about.
    case statementDiffers = "statement-differs"
    /// A leaf of the period has no statement.
    case statementMissing = "statement-missing"
    /// A leaf's bytes do not have the hash that stands in the tree.
    case leafDiffers = "leaf-differs"
    case proofInvalid = "proof-invalid"
    case checkpointUntrusted = "checkpoint-untrusted"
    /// The tree is not the one whose head was signed.
    case treeDiffers = "tree-differs"
    case consistencyInvalid = "consistency-invalid"
    /// The number of leaves that are withheld is not the one stated.
    case withheldDiffers = "withheld-differs"

    // What is held against it.
    /// The head that was given is of another ledger, cannot be read, or is signed by nobody who is trusted.
    case previousUnusable = "previous-unusable"
    /// The head that was given counts more leaves: the ledger's end was cut off, or an older archive was put in place.
    case previousBeyond = "previous-beyond"
    /// The tree does not begin with the leaves of the head that was given: something was dropped, changed or dated back.
    case previousDiffers = "previous-differs"

    // Signatures by certificate, and time stamps.
    case signatureMissing = "cms-missing"
    case signatureInvalid = "cms-invalid"
    case certificateExpired = "certificate-expired"
    case certificateNotYetValid = "certificate-not-yet-valid"
    case certificateUntrusted = "certificate-untrusted"
    case stampMissing = "time-stamp-missing"
    case stampInvalid = "time-stamp-invalid"
    /// The time stamp is over something else, or answers another query.
    case stampDiffers = "time-stamp-differs"
    case stampUntrusted = "time-stamp-untrusted"

    // Reviewers.
    case signOffUnreadable = "sign-off-unreadable"
    case signOffUntrusted = "sign-off-untrusted"
    /// A sign-off is over another archive.
    case signOffDiffers = "sign-off-differs"
    case tooFewSigners = "too-few-signers"
  }

  public var code: Code
  /// A file of the archive, or one that was given beside it.
  public var file: String?
  /// What was found, for people.
  public var detail: String

  public init(_ code: Code, file: String? = nil, detail: String) {
    self.code = code
    self.file = file
    self.detail = detail
  }
}
