internal import DrillCrypto
public import DrillModel

/// The operations that a profile, a sample of keys and a seed make: the same three, the same bytes, whatever number of
/// shards the sample came from.
public struct OperationStream: Hashable, Sendable {
  public let operations: [Operation]
  /// Names of the questions for which the sample holds no key (no stream in the store, say); the others took their
  /// share.
  public let omitted: [String]

  /// - Parameter slot: the engine's slot of a key; asked only about keys made up here, to be absent.
  /// - Throws: `DrillError`: `bad-file` where the profile has ``WorkloadProfile/problems``; `usage` where no question
  ///   of it can be asked about any key of the sample: an empty stream would be a replay that looked at nothing.
  public init(_ profile: WorkloadProfile, over keys: WorkloadKeys, seed: UInt64, slot: ([UInt8]) -> Slot) throws {
    let draw = try OperationDraw(profile, over: keys, seed: seed)
    omitted = draw.omitted
    var generator = SeededGenerator(seed: seed, purpose: "operations")
    operations = (0..<profile.operationCount(seed: seed)).map { _ in draw.next(slot: slot, &generator) }
  }

  /// SHA-256 over all operations in their order.
  public var digest: Digest { OperationStream.digest(of: operations) }

  /// SHA-256 over operations in their order: name, slot, key, the namespace where it is not the first, and the statement with its arguments, each with its
  /// length.
  public static func digest(of operations: [Operation]) -> Digest {
    var hash = SHA256()
    var bytes: [UInt8] = []
    for operation in operations {
      bytes.removeAll(keepingCapacity: true)
      bytes.appendText(operation.name.utf8)
      bytes.appendLittleEndian(operation.slot.rawValue)
      bytes.appendBlob(operation.key)
      if let namespace = operation.namespace {
        bytes.append(4)
        bytes.appendText(namespace.utf8)
      }
      switch operation.statement {
      case .command(let arguments):
        bytes.append(1)
        bytes.appendLittleEndian(UInt64(arguments.count))
        for argument in arguments { bytes.appendBlob(argument) }
      case .query(let sql, let parameters, let isOrdered):
        bytes.append(isOrdered ? 3 : 2)
        bytes.appendText(sql.utf8)
        bytes.appendLittleEndian(UInt64(parameters.count))
        for parameter in parameters { bytes.append(parameter) }
      }
      hash.update(bytes)
    }
    return hash.finalize()
  }
}
