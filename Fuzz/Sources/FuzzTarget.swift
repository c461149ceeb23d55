/// A reader of foreign bytes.
///
/// Each takes any bytes whatever and never ends the program. Beyond that, what each promises of itself is held against
/// it: a text that was taken has one form, bytes read in portions say what they say at once.
enum FuzzTarget: String, CaseIterable, Sendable {
  case manifest, dsse, rdb, aof, resp, stream, changeset, yaml, evidence, texts, keys

  func read(_ bytes: [UInt8]) {
    switch self {
    case .manifest: SignedReaders.manifest(bytes)
    case .dsse: SignedReaders.envelope(bytes)
    case .rdb: RedisReaders.snapshot(bytes)
    case .aof: RedisReaders.log(bytes)
    case .resp: RedisReaders.replies(bytes)
    case .stream: RedisReaders.stream(bytes)
    case .changeset: ChangesetReaders.increment(bytes)
    case .yaml: FileReaders.yaml(bytes)
    case .evidence: SignedReaders.archive(bytes)
    case .texts: TextReaders.text(bytes)
    case .keys: SignedReaders.keys(bytes)
    }
  }
}

/// Ends the program where a reader does not keep what it promises.
func promise(_ isKept: Bool, _ what: @autoclosure () -> String) {
  if !isKept { fatalError("promised: \(what())") }
}
