import DrillModel
import Testing

@testable import DrillReplay

@Suite("Operation stream")
struct OperationStreamTests {
  private static let member = ArgumentPattern(parsing: "f{0..31}")

  /// Every verb once.
  private func everything(
    operations: Int = 4000, keys: KeyDistribution = .zipfian(exponent: 0.99), absentShare: Double = 0.1,
    verbs: [RedisQuestion.Verb] = RedisQuestion.Verb.allCases
  )
    -> WorkloadProfile
  {
    WorkloadProfile(
      name: "everything", engine: "redis", operations: operations,
      mix: verbs.map { verb in
        let argument = [.hmget, .sismember, .ftSearch].contains(verb) ? OperationStreamTests.member : nil
        return WeightedQuestion(
          name: verb.rawValue, weight: 1,
          .redis(RedisQuestion(verb, count: 4, argument: argument, index: verb == .ftSearch ? "idx" : nil)))
      }, keys: keys, absentShare: absentShare)
  }

  private func stream(
    _ profile: WorkloadProfile, _ sample: WorkloadKeys = Samples.redis, seed: UInt64 = 42
  ) throws -> OperationStream {
    try OperationStream(profile, over: sample, seed: seed, slot: Samples.redisSlot)
  }

  private func texts(_ operation: Operation) -> [String] {
    guard case .command(let arguments) = operation.statement else { return [] }
    return arguments.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("the same keys in any order, from any number of shards, give the byte-identical stream")
  func sameFromAnyShards() throws {
    let whole = try stream(everything())
    for shards in [1, 3, 5, 16] {
      var generator = SeededGenerator(seed: UInt64(shards))
      var collected: [WorkloadKeys.Entry] = []
      // Each shard hands on its own keys in an order of its own; one key is met twice, as in the middle of a move.
      for shard in 0..<shards {
        var own = Samples.redisEntries.filter { Int($0.slot.rawValue) % shards == shard }
        generator.shuffle(&own)
        collected += own + own.prefix(1)
      }
      let sample = WorkloadKeys(collected)
      #expect(try stream(everything(), sample).digest == whole.digest, "\(shards) shards")
      #expect(try stream(everything(), sample) == whole)
    }
  }

  @Test("the digest of a fixed seed is the one that was recorded: streams stay the same from release to release")
  func recordedDigest() throws {
    // Verbs that came later do not belong to what was recorded.
    let verbs = RedisQuestion.Verb.allCases.filter { ![.jsonGet, .ftSearch, .srandmember].contains($0) }
    let sample = WorkloadKeys(Samples.redisEntries.filter { $0.kind != .module })
    let redis = try stream(everything(verbs: verbs), sample).digest.hex
    #expect(redis == "548614b30e2a03a5689283808443ecabbd402cc7c562aa73e1285ea90e391335")
    let rows = try OperationStream(try documents(), over: Samples.rows, seed: 42, slot: Samples.rowSlot).digest.hex
    #expect(rows == "2819062314df1beb72a7d43f22727e69171064d1a2005e1061ce66ef776ff41b")
  }

  @Test("another seed, one key more, or another order of operations gives another digest")
  func digestTells() throws {
    let whole = try stream(everything())
    #expect(try stream(everything(), seed: 43).digest != whole.digest)
    let more = WorkloadKeys(Samples.redisEntries + [Samples.redisEntry(.string, "one-more")])
    #expect(try stream(everything(), more).digest != whole.digest)
    #expect(OperationStream.digest(of: whole.operations.reversed()) != whole.digest)
  }

  @Test("verbs of a type are asked only about keys of that type, and every verb is asked")
  func typed() throws {
    let stream = try stream(everything(absentShare: 0))
    let kinds = Dictionary(uniqueKeysWithValues: Samples.redisEntries.map { ($0.key, $0.kind) })
    for operation in stream.operations {
      let verb = try #require(RedisQuestion.Verb(rawValue: operation.name))
      let kind = try #require(kinds[operation.key], "a key of the sample")
      #expect(verb.kind == nil || verb.kind == kind)
      #expect(operation.slot == Samples.redisSlot(operation.key))
    }
    #expect(Set(stream.operations.map(\.name)) == Set(RedisQuestion.Verb.allCases.map(\.rawValue)))
    #expect(stream.omitted.isEmpty)
  }

  @Test("the keys of an MGET hash to one slot, absent ones included")
  func multiKey() throws {
    let stream = try stream(everything(absentShare: 0.3))
    var several = 0
    for operation in stream.operations where operation.name == "mget" {
      guard case .command(let arguments) = operation.statement else { continue }
      #expect(arguments.dropFirst().allSatisfy { Samples.redisSlot($0) == operation.slot })
      #expect(Set(arguments.dropFirst()).count == arguments.count - 1, "each key once")
      if arguments.count > 2 { several += 1 }
    }
    #expect(several > 0)
  }

  @Test("a key with a closing brace, whose content cannot stand in a hash tag, is still asked about in its own slot")
  func awkwardKeys() throws {
    let entries = ["a}b", "{}", "}", "{x", ""].map { Samples.redisEntry(.string, $0) }
    let stream = try stream(everything(operations: 500, absentShare: 0.5), WorkloadKeys(entries))
    for operation in stream.operations {
      #expect(operation.slot == Samples.redisSlot(operation.key))
      guard case .command(let arguments) = operation.statement, operation.name == "mget" else { continue }
      #expect(arguments.dropFirst().allSatisfy { Samples.redisSlot($0) == operation.slot })
    }
  }

  @Test("the share of absent keys is kept, and absent keys are in no sample")
  func absent() throws {
    let held = Set(Samples.redisEntries.map(\.key))
    let absent = try stream(everything(operations: 20_000, absentShare: 0.1)).operations.count {
      !held.contains($0.key)
    }
    // Binomial(20000, 0.1): mean 2000, deviation 42; six deviations. Seed 42.
    #expect((1_746...2_254).contains(absent))
    #expect(try stream(everything(absentShare: 1)).operations.allSatisfy { !held.contains($0.key) })
    #expect(try stream(everything(absentShare: 0)).operations.allSatisfy { held.contains($0.key) })
  }

  @Test("weights are kept by chi-square, and other weights are rejected")
  func weights() throws {
    func counts(_ weights: [Int]) throws -> [Int] {
      let profile = WorkloadProfile(
        name: "w", engine: "redis", operations: 20_000,
        mix: zip([RedisQuestion.Verb.get, .type, .exists], weights).map {
          WeightedQuestion(name: $0.rawValue, weight: $1, .redis(RedisQuestion($0)))
        })
      let names = try stream(profile).operations.map(\.name)
      return ["get", "type", "exists"].map { name in names.count { $0 == name } }
    }
    #expect(!ChiSquare(counts: try counts([7, 2, 1]), probabilities: [0.7, 0.2, 0.1]).isRejected)
    #expect(ChiSquare(counts: try counts([72, 18, 10]), probabilities: [0.7, 0.2, 0.1]).isRejected)
    #expect(try counts([1, 0, 1])[1] == 0)
  }

  @Test("a question without keys of its kind is named as omitted, and one that is left with none is refused")
  func omitted() throws {
    let strings = WorkloadKeys([Samples.redisEntry(.string, "only")])
    let stream = try stream(everything(operations: 200), strings)
    #expect(
      stream.omitted == [
        "hgetall", "hmget", "lrange", "smembers", "sismember", "srandmember", "zrange-by-rank", "zrange-by-score",
        "xrange",
        "json-get",
      ])
    #expect(stream.operations.count == 200)
    for empty in [
      WorkloadKeys([]),
      WorkloadKeys([Samples.redisEntry(.string, "elsewhere", namespace: "orders")]),
    ] {
      let error = #expect(throws: DrillError.self) { try self.stream(everything(), empty) }
      #expect(error?.code == .usage)
    }
  }

  @Test("a key of another database is asked about in that one, also beside one of the same name")
  func databases() throws {
    let both = WorkloadKeys([
      Samples.redisEntry(.string, "{k}a"), Samples.redisEntry(.string, "{k}a", namespace: "db3"),
      Samples.redisEntry(.string, "{k}b", namespace: "db3"),
    ])
    let operations = try stream(everything(operations: 400), both).operations
    #expect(Set(operations.map(\.namespace)) == [nil, "db3"])
    for operation in operations where operation.name == "mget" && operation.namespace == nil {
      // Its companions are of its own database, where there is no other key.
      guard case .command(let words) = operation.statement else { continue }
      #expect(!words.contains(Array("{k}b".utf8)), "\(operation)")
    }
    var other = operations[0]
    other.namespace = other.namespace == nil ? "db3" : nil
    #expect(OperationStream.digest(of: [other]) != OperationStream.digest(of: [operations[0]]))
  }

  @Test("commands have the form that Redis documents")
  func forms() throws {
    var forms: [String: Set<String>] = [:]
    for operation in try stream(everything(absentShare: 0)).operations {
      forms[operation.name, default: []].insert(
        ([texts(operation)[0], "KEY"] + texts(operation).dropFirst(2)).joined(separator: " "))
    }
    #expect(forms["get"] == ["GET KEY"])
    #expect(forms["hgetall"] == ["HGETALL KEY"])
    #expect(forms["lrange"] == ["LRANGE KEY 0 3"])
    #expect(forms["zrange-by-rank"] == ["ZRANGE KEY 0 3 WITHSCORES"])
    #expect(forms["zrange-by-score"] == ["ZRANGE KEY -inf +inf BYSCORE LIMIT 0 4 WITHSCORES"])
    #expect(forms["xrange"] == ["XRANGE KEY - + COUNT 4"])
    #expect(forms["pttl"] == ["PTTL KEY"])
    #expect(forms["pexpiretime"] == ["PEXPIRETIME KEY"])
    #expect(forms["exists"] == ["EXISTS KEY"])
    #expect(forms["type"] == ["TYPE KEY"])
    #expect(forms["sismember"]?.allSatisfy { $0.hasPrefix("SISMEMBER KEY f") } == true)
    #expect(forms["hmget"]?.allSatisfy { $0.split(separator: " ").count == 6 } == true)
  }

  @Test("ranks from the end do not run past it, and drawn scores are in order")
  func ranges() throws {
    let profile = WorkloadProfile(
      name: "ranges", engine: "redis", operations: 1000,
      mix: [
        WeightedQuestion(name: "tail", weight: 1, .redis(RedisQuestion(.lrange, count: 5, start: -8...8))),
        WeightedQuestion(
          name: "scores", weight: 1, .redis(RedisQuestion(.zrangeByScore, count: 5, scores: -100...100))),
      ])
    for operation in try stream(profile).operations {
      let words = texts(operation)
      let low = try #require(Int(words[2]))
      let high = try #require(Int(words[3]))
      #expect(low <= high)
      if operation.name == "tail" { #expect(low < 0 ? high <= -1 : high == low + 4) }
    }
  }

  // MARK: Rows

  private func documents(absentShare: Double = 0.1) throws -> WorkloadProfile {
    let note = try #require(ArgumentPattern(parsing: "n{1..3}"))
    return WorkloadProfile(
      name: "documents", engine: "sqlite", operations: 2000,
      mix: [
        WeightedQuestion(
          name: "customer", weight: 3,
          .sql(
            SQLQuestion(
              "SELECT * FROM customers WHERE id = ?1", table: "customers", parameters: [.key(0)], isOrdered: false))),
        WeightedQuestion(
          name: "orders", weight: 1,
          .sql(
            SQLQuestion(
              "SELECT * FROM orders WHERE customer_id = ?1 AND id >= ?2 AND status = ?3 AND note <> ?4 ORDER BY id LIMIT ?5",
              table: "orders",
              parameters: [
                .key(0), .key(1), .oneOf([.text("paid"), .text("open")]), .pattern(note),
                .integer(1...9),
              ], isOrdered: true))),
      ], absentShare: absentShare)
  }

  @Test("queries get the columns of a drawn row's key, and go to the slot that its first column gives")
  func queries() throws {
    let stream = try OperationStream(try documents(absentShare: 0), over: Samples.rows, seed: 42, slot: Samples.rowSlot)
    let held = Set(Samples.rows.entries.map(\.key))
    for operation in stream.operations {
      guard case .query(_, let parameters, let isOrdered) = operation.statement else {
        Issue.record("a command among queries")
        continue
      }
      #expect(held.contains(operation.key))
      #expect(operation.slot == Samples.rowSlot(operation.key))
      #expect(isOrdered == (operation.name == "orders"))
      let columns = try #require(RowKey.columns(of: operation.key))
      #expect(parameters.prefix(columns.count) == columns[...])
    }
    let absent = try OperationStream(try documents(absentShare: 1), over: Samples.rows, seed: 42, slot: Samples.rowSlot)
    #expect(absent.operations.allSatisfy { !held.contains($0.key) && $0.slot == Samples.rowSlot($0.key) })
    // An absent order is one of a customer that exists.
    #expect(absent.operations.filter { $0.name == "orders" }.allSatisfy { held.contains(Array($0.key.prefix(9))) })
  }

  @Test("a row's key survives being read and written, and a damaged one is no key")
  func rowKeys() {
    let columns: [Scalar] = [.null, .integer(-3), .real(-0.5), .text("é"), .blob([0, 255])]
    let bytes = RowKey.bytes(of: columns)
    #expect(RowKey.columns(of: bytes) == columns)
    for count in bytes.indices { #expect(RowKey.columns(of: Array(bytes.prefix(count))) != columns) }
    #expect(RowKey.columns(of: [9]) == nil)
    #expect(RowKey.columns(of: [3] + Array(repeating: 255, count: 8)) == nil)
    #expect(RowKey.columns(of: []) == nil)
  }
}
