public import DrillModel

/// What the heads of a backup's files tell, where nobody sealed it.
public struct UnsealedDescription: Codable, Sendable, Hashable {
  public struct File: Codable, Sendable, Hashable {
    public var name: String
    public var format: String
    /// The program that wrote it, as it says itself.
    public var writer: String?
    /// When it was begun, as it says itself.
    public var begun: Instant?
    public var position: String?
    /// Why it is not whole as it lies there.
    public var obstacle: String?
    /// The other files that it is made of; none for most.
    public var parts: [String]?
  }

  public var backup: String
  public var engine: String
  public var artifacts: [File]
  /// Files beside the artifacts, and what is no plain file.
  public var others: [String]
  /// When the youngest artifact was last changed.
  public var fileTime: Instant?
  /// Why its artifacts are no backup together; nil where nothing is known against it.
  public var refusal: String?

  init(_ found: FoundUnsealed, _ engine: any ForeignArtifacts) {
    backup = found.id
    self.engine = engine.name
    artifacts = found.folder.found.map { part in
      File(
        name: part.name, format: part.artifact.files[0].format, writer: part.artifact.writer,
        begun: part.artifact.cut?.value, position: part.artifact.position?.value, obstacle: part.artifact.obstacle,
        parts: part.artifact.files.count == 1
          ? nil : found.folder.files.filter { $0.main == part.name }.dropFirst().map(\.name))
    }
    refusal = ForeignFolder.rivalry(among: found.folder.found.map(\.artifact), of: engine)?.detail
    others = (found.folder.others + found.folder.irregular).map(\.path).sorted()
    fileTime = found.folder.fileTime
  }

  /// The earliest of what the files say; nil where one says nothing.
  public var cut: Instant? {
    let told = artifacts.compactMap(\.begun)
    return told.count == artifacts.count ? told.min() : nil
  }

  /// In a person's order.
  public var text: String {
    var lines = [
      "backup     \(backup), UNSEALED: nothing says what its bytes should be (`firedrill seal` gives it a manifest)",
      "engine     \(engine)",
      "cut        \(cut.map { "\($0), as its files say" } ?? "unknown: its files do not tell; last changed \(fileTime.map { "\($0)" } ?? "at a time that cannot be seen")")",
      "captured   nothing from the live servers: content at the cut unknown", "artifacts  \(artifacts.count)",
    ]
    for file in artifacts {
      lines.append("  \(file.format)  \(file.name)\(file.writer.map { ", written by \($0)" } ?? "")")
      if let parts = file.parts { lines.append("    with      \(parts.joined(separator: ", "))") }
      if let begun = file.begun { lines.append("    begun     \(begun)") }
      if let position = file.position { lines.append("    position  \(position)") }
      if let obstacle = file.obstacle { lines.append("    NOT WHOLE \(obstacle)") }
    }
    if let refusal { lines.append("NOT ONE    \(refusal)") }
    if !others.isEmpty { lines.append("beside     \(others.joined(separator: ", "))") }
    return lines.joined(separator: "\n")
  }

  /// A line in a catalog's list.
  public var line: String {
    let when = cut.map { "\($0)" } ?? fileTime.map { "changed \($0)" } ?? "at an unknown time"
    return "\(backup)  \(when)  \(engine)  \(artifacts.count) artifact\(artifacts.count == 1 ? "" : "s")  UNSEALED"
  }
}
