/// An engine that knows its artifacts among files that another tool made.
///
/// Facts alone: whether they can be, and what they are worth, is judged elsewhere.
public protocol ForeignArtifacts: Engine {
  /// Whether two shards never hold records of one slot, unless somebody says that they do.
  var shardsBySlot: Bool { get }

  /// The artifact at the absolute path of a file or folder; nil where there is none of this engine's.
  ///
  /// MUST look at the content first. Where only the name says so, the artifact is returned as ``ForeignArtifact/isByName``: a damaged head is then what
  /// reading it says, and never a file that is passed over. MUST NOT follow a symbolic link, and MUST read no more of a file than a bounded part.
  /// For a file of an artifact of several, MUST return that artifact, whose first file is another one.
  ///
  /// - Throws: `DrillError` with `artifact-io` where it cannot be read.
  func foreignArtifact(at path: String) throws -> ForeignArtifact?

  /// Two of the artifacts that one server leaves of the same data, so that only one of them is the shard; nil where there are none.
  func rivals(among artifacts: [ForeignArtifact]) -> (ForeignArtifact, ForeignArtifact)?

  /// The topology that a text of the engine's own form states (Redis: `nodes.conf`, `CLUSTER NODES`); nil where it is of another form.
  ///
  /// - Throws: `DrillError` with `bad-file` where it is of that form, and a line of it is not.
  func statedTopology(in text: String) throws -> Topology?
}

extension ForeignArtifacts {
  public func rivals(among artifacts: [ForeignArtifact]) -> (ForeignArtifact, ForeignArtifact)? { nil }
}

/// One shard's data as another tool left it: what its head says of itself.
public struct ForeignArtifact: Hashable, Sendable {
  /// A file that it is made of.
  public struct File: Hashable, Sendable {
    /// Absolute.
    public var path: String
    /// As in ``Artifact/format``.
    public var format: String
    public init(path: String, format: String) {
      self.path = path
      self.format = format
    }
  }

  /// The file that is read first stands first; never empty.
  public var files: [File]
  /// Absolute paths of files that reading it takes in and that are not sealed with it; ``obstacle`` says what to do about them.
  public var companions: [String] = []
  /// Whether only its name says what it is.
  public var isByName: Bool
  /// The program that wrote it, as it says itself.
  public var writer: String?
  /// What moment it stands for, as it says itself, and what in it says so.
  public var cut: Told<Instant>?
  /// The engine's own position, as it says itself.
  public var position: Told<String>?
  /// Why it is not whole as it lies there, with what to do; nil where nothing is known against it.
  public var obstacle: String?

  public init(files: [File], isByName: Bool = false) {
    precondition(!files.isEmpty, "an artifact is made of files")
    self.files = files
    self.isByName = isByName
  }

  public var path: String { files[0].path }

  /// Something that an artifact says, with the place that says it.
  public struct Told<Value: Hashable & Sendable>: Hashable, Sendable {
    public var value: Value
    public var by: String
    public init(_ value: Value, by: String) {
      self.value = value
      self.by = by
    }
  }
}
