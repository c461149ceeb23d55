import DrillChecks
import DrillEngines
import DrillModel
import Foundation

/// Decodes stored artifacts with the keys of a ring; judges nothing.
struct ArtifactOpener: Sendable {
  var ring: KeyRing

  /// Bytes that may come out of an artifact of which nobody sealed how many there are: so many, or so many times the stored ones.
  private static let unstated: (bytes: UInt64, ratio: UInt64) = (1 << 30, 100)

  /// - Parameters:
  ///   - path: where it is stored.
  ///   - target: must not be there yet; there afterwards only where it was opened, with mode 0600.
  /// - Throws: `DrillError`: `filter-missing`, `filter-failed`, `timed-out`, `artifact-io`, `io`.
  func open(_ artifact: Artifact, at path: String, to target: String) async throws -> EncodingCheck.Outcome {
    let flow = Array(artifact.encodings.reversed())
    let candidates = flow.map { encoding in
      FilterTools.KeyKind(rawValue: encoding).map { ring.candidates($0, recipients: artifact.recipients ?? []) }
    }
    let limit =
      artifact.plain?.sizeBytes
      ?? max(ArtifactOpener.unstated.bytes, artifact.sizeBytes.saturatingProduct(ArtifactOpener.unstated.ratio))
    var tried = [Int](repeating: 0, count: flow.count)
    var refusals = [EncodingCheck.Outcome?](repeating: nil, count: flow.count)
    if let empty = candidates.firstIndex(where: { $0?.isEmpty == true }) { return .unopened(filter: flow[empty]) }
    while true {
      try Task.checkCancellation()
      let keys = candidates.indices.map { index in candidates[index].map { $0[tried[index]] } }
      if let useless = keys.firstIndex(where: { $0?.defect != nil }), let key = keys[useless], let defect = key.defect {
        if !key.isRevoked, artifact.recipients?.contains(where: key.names.contains) != false {
          refusals[useless] = refusals[useless] ?? .refused(filter: flow[useless], key: key.name, reason: defect)
        }
        tried[useless] += 1
        guard tried[useless] < candidates[useless]?.count ?? 0 else {
          return refusals[useless] ?? .unopened(filter: flow[useless])
        }
        continue
      }
      let filters = try flow.indices.map { index in
        FilterPipe.Filter(
          name: flow[index], launch: try launch(flow[index], key: keys[index], sizeBytes: artifact.sizeBytes))
      }
      let result: FilterPipe.Result
      do {
        result = try await FilterPipe.run(filters, from: path, to: target, limit: limit)
      } catch {
        unlink(target)
        throw error
      }
      if !result.isOversized, result.failed == nil {
        let outcome = opened(result, flow, keys)
        if case .opened = outcome { return outcome }
        unlink(target)
        return outcome
      }
      unlink(target)
      if result.isOversized { return .oversized(limit: limit) }
      guard let failed = result.failed else { preconditionFailure("a filter failed") }
      let filter = flow[failed]
      switch (FilterFailure(filter, result.ends[failed]), keys[failed]) {
      case (.damaged(let reason), _): return .damaged(filter: filter, reason: reason)
      case (.ours(let error), _): throw error
      case (.noKey, nil): return .unopened(filter: filter)
      case (.refused, nil): return .damaged(filter: filter, reason: "it failed")
      case (.noKey, let key?):
        if !key.isRevoked, artifact.recipients?.contains(where: key.names.contains) == true {
          refusals[failed] =
            refusals[failed]
            ?? .refused(filter: filter, key: key.name, reason: "it was encrypted to this key, which does not open it")
        }
      case (.refused(let reason), let key?):
        if !key.isRevoked {
          refusals[failed] = refusals[failed] ?? .refused(filter: filter, key: key.name, reason: reason)
        }
      }
      tried[failed] += 1
      for index in tried.indices where index > failed { tried[index] = 0 }
      guard let left = candidates[failed], tried[failed] < left.count else {
        return refusals[failed] ?? .unopened(filter: filter)
      }
    }
  }

  private func opened(_ result: FilterPipe.Result, _ flow: [String], _ keys: [KeyRing.Key?]) -> EncodingCheck.Outcome {
    var names: [String] = []
    for (index, key) in keys.enumerated() {
      guard let key else { continue }
      var name = key.name
      if key.kind == .gpg {
        // GnuPG hands on what is only packed or signed, and what a passphrase opens, as if it had been decrypted.
        guard let told = FilterFailure.gpgKey(result.ends[index].lines) else {
          return .damaged(filter: flow[index], reason: "it is not encrypted to a key")
        }
        name = told
      }
      if key.isRevoked || ring.isRevoked(name) { return .openedByRevoked(filter: flow[index], key: name) }
      names.append(name)
    }
    return .opened(result.plain, keys: names)
  }

  private func launch(_ filter: String, key: KeyRing.Key?, sizeBytes: UInt64) throws -> ChildProcess.Launch {
    if let key { return try ring.launch(key, sizeBytes: sizeBytes) }
    switch FilterTools.Builtin(rawValue: filter) {
    case .zstd?: return try FilterTools.launch(.zstd, ["-d", "-q", "-c"])
    case .gzip?: return try FilterTools.launch(.gzip, ["-d", "-c"])
    case .lz4?: return try FilterTools.launch(.lz4, ["-d", "-q", "-c"])
    case .age?, .gpg?, .cms?: preconditionFailure("a filter that takes a key has one")
    case nil: return try FilterCommand.launch(ring.filters[filter]?.decode, of: filter)
    }
  }
}

extension UInt64 {
  fileprivate func saturatingProduct(_ other: UInt64) -> UInt64 {
    let (product, isOver) = multipliedReportingOverflow(by: other)
    return isOver ? .max : product
  }
}
