import DrillModel
import Yams

/// How it is asked whether artifacts can be changed: the `immutability:` field of a drill file or a retention rule.
///
/// ```yaml
/// immutability: required
/// immutability: {aws: /opt/aws/bin/aws}   # required, and the program that is asked about objects of S3
/// ```
public struct ImmutabilityProbe: Hashable, Sendable {
  /// A path, or a name on PATH.
  public var aws: String

  public init(aws: String = "aws") { self.aws = aws }

  /// What the place says of a backup's artifacts and of its manifest, by name.
  ///
  /// - Throws: `CancellationError`.
  func ask(_ manifest: Manifest, in catalog: Catalog, mirror: CatalogMirror?) async throws -> [String: Immutability] {
    let names = manifest.artifacts.map(\.name) + [Catalog.manifestName]
    var states: [String: Immutability] = [:]
    guard let mirror else {
      for name in names {
        states[name] = FileImmutability.of(path: "\(catalog.root)/\(manifest.backup)/\(name)")
      }
      return states
    }
    guard let bucket = S3Bucket(mirror.remote) else {
      let why = Immutability.unknown(
        "a folder of this machine and s3://BUCKET can say it; \(mirror.remote.text) cannot")
      return Dictionary(names.map { ($0, why) }, uniquingKeysWith: { first, _ in first })
    }
    let lock = ObjectLock(bucket: bucket, program: aws)
    for name in names { states[name] = try await lock.state(of: "\(manifest.backup)/\(name)") }
    return states
  }
}

extension ImmutabilityProbe {
  /// Nil where the field is absent: nothing is asked.
  static func read(_ file: YAMLSection, absolute: (String) -> String) throws -> ImmutabilityProbe? {
    guard let node = file.node("immutability") else { return nil }
    if let text = node.string {
      guard text == "required" else {
        throw file.refuse(
          node, "'immutability' is required, or {aws: PROGRAM}; leave it out where nothing is to be asked")
      }
      return ImmutabilityProbe()
    }
    let section = try file.section(node, "'immutability'")
    let program = try section.requiredText("aws")
    try section.finish()
    return ImmutabilityProbe(aws: program.contains("/") ? absolute(program) : program)
  }
}
