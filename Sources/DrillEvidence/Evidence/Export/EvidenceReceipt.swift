public import DrillModel

/// What was exported.
public struct EvidenceReceipt: Sendable, Codable {
  public var archive: String
  public var sha256: Digest
  public var sizeBytes: Int
  public var manifest: EvidenceManifest
  /// Number of gaps in the period.
  public var gaps: Int

  public init(archive: String, sha256: Digest, sizeBytes: Int, manifest: EvidenceManifest, gaps: Int) {
    self.archive = archive
    self.sha256 = sha256
    self.sizeBytes = sizeBytes
    self.manifest = manifest
    self.gaps = gaps
  }

  /// For people: `firedrill evidence export`.
  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    page.field(
      "Evidence", [Span(archive, .strong), ": \(Format.bytes(UInt64(sizeBytes))), sha256 \(sha256.hex)"])
    page.field("Period", ["\(Format.time(manifest.from)) up to \(Format.time(manifest.to))"])
    page.field(
      "Says",
      [
        "\(Format.plural(manifest.statements, "statement")), \(Format.plural(gaps, "gap")); of \(Format.plural(manifest.withheld.total, "leaf", "leaves")) the hash alone"
      ])
    page.field(
      "Goes on",
      [
        manifest.previous.map { "from the export of \(Format.plural($0.size, "leaf", "leaves"))" }
          ?? Span("from no export before it", .unsure)
      ].map { $0 as Span })
    return page.text
  }
}
