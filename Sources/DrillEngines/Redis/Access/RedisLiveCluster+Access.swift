public import DrillModel

extension RedisLiveCluster: AccessTelling {
  /// Of each shard's master: lists are not replicated. Servers before 6.0 have none.
  public func accessLists() async -> [String: Result<String, DrillError>] {
    var lists: [String: Result<String, DrillError>] = [:]
    for shard in map.shards {
      do {
        let reply = try await RedisConnection.with(shard.master.endpoint, credentials) {
          try await $0.send([Array("ACL".utf8), Array("LIST".utf8)])
        }
        guard let lines = reply.array?.compactMap(\.text), !lines.isEmpty else {
          let isForbidden = reply.errorCode == "NOPERM"
          throw DrillError(
            isForbidden ? .permissionDenied : .featureMissing, subject: shard.name,
            detail: isForbidden
              ? "we may not ask who may do what: it takes +acl|list" : "the server tells no access list")
        }
        lists[shard.name] = .success(lines.map { $0 + "\n" }.joined())
      } catch let error as DrillError {
        lists[shard.name] = .failure(error)
      } catch {
        lists[shard.name] = .failure(DrillError(.unreachable, subject: shard.name, detail: "ACL LIST was not answered"))
      }
    }
    return lists
  }
}

extension RedisEngine: AccessDescribing {
  public func accessList(_ text: String) throws -> AccessList { try AccessListReader.read(text) }
}
