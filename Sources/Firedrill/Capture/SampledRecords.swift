import DrillChecks
import DrillModel

extension FoldedRecords {
  /// The sampled keys, as workloads are drawn from them.
  var sampledKeys: SampledKeys {
    let entries = sample.sampledGroups.flatMap { group in
      sample.keys(group).map {
        WorkloadKeys.Entry(kind: group.kind, namespace: group.namespace, key: $0.bytes, slot: $0.slot)
      }
    }
    return SampledKeys(keys: WorkloadKeys(entries), seen: records)
  }
}
