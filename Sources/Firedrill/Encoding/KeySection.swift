import DrillModel
import Foundation

/// What opens encoded artifacts in a recovery, as a person states it: nothing else is used.
public struct KeySection: Hashable, Sendable {
  /// age identities, OpenPGP secret keys, and PEM files with a private key and its certificate.
  public var identities: [KeySource]
  /// Public names of keys that must not be needed any more: age recipients, OpenPGP fingerprints, SHA-256 of certificates.
  public var revoked: [String]
  /// Of the OpenPGP and PEM keys that have one.
  public var passphrase: KeySource?
  /// Filters of the person's own, by their names in manifests.
  public var filters: [String: FilterCommand]

  public init(
    identities: [KeySource] = [], revoked: [String] = [], passphrase: KeySource? = nil,
    filters: [String: FilterCommand] = [:]
  ) {
    self.identities = identities
    self.revoked = revoked
    self.passphrase = passphrase
    self.filters = filters
  }

  /// What flags name: files with keys, and YAML files with the fields of a drill's `keys`. Nil for none.
  ///
  /// - Throws: `DrillError`: `bad-file`, `usage` where two name a passphrase.
  public static func named(_ paths: [String]) throws -> KeySection? {
    guard !paths.isEmpty else { return nil }
    var section = KeySection()
    for path in paths {
      guard ["yaml", "yml"].contains((path as NSString).pathExtension) else {
        section.identities.append(.file(Workplace.absolute(path)))
        continue
      }
      let url = URL(fileURLWithPath: Workplace.absolute(path))
      let texts = FileTexts(folder: url.deletingLastPathComponent().path)
      let more = try EncodingReader(absolute: texts.absolute, text: texts.text).keys(
        in: try YAMLSection(file: url.lastPathComponent, text: try texts.text(url.lastPathComponent)))
      section.identities += more.identities
      section.revoked += more.revoked
      section.filters.merge(more.filters) { first, _ in first }
      guard section.passphrase == nil || more.passphrase == nil else {
        throw DrillError(.usage, subject: path, detail: "two files name a passphrase; put the keys into one file")
      }
      section.passphrase = section.passphrase ?? more.passphrase
    }
    return section
  }
}
