import DrillModel

/// What the drills of scenarios ask: a few questions of each shape.
extension ProductionFile.Engine {
  var scenarioWorkload: String {
    switch self {
    case .redis:
      """
      workload: scenario
      engine: redis
      operations: 200
      keys: {zipfian: 0.5}
      absent: 0.05
      connections: 2
      pipelining: 8
      timeout: 5s
      mix:
        - {verb: get, weight: 30}
        - {verb: hgetall, weight: 15}
        - {verb: lrange, weight: 10, count: 50}
        - {verb: smembers, weight: 10}
        - {verb: zrange-by-rank, weight: 10, count: 50}
        - {verb: xrange, weight: 5, count: 20}
        - {verb: pexpiretime, weight: 10}
        - {verb: type, weight: 5}

      """
    case .sqlite:
      """
      workload: scenario
      engine: sqlite
      operations: 200
      keys: {zipfian: 0.5}
      absent: 0.05
      connections: 2
      pipelining: 8
      timeout: 5s
      mix:
        - {name: customer, weight: 20, table: customers, sql: SELECT * FROM customers WHERE customer_id = ?1, parameters: [{key: 0}]}
        - {name: session, weight: 10, table: customers, sql: "SELECT session_id, expires_at FROM sessions WHERE customer_id = ?1", parameters: [{key: 0}]}
        - name: newest-orders
          weight: 10
          table: customers
          ordered: true
          sql: SELECT order_no, status, placed_at FROM orders WHERE customer_id = ?1 ORDER BY placed_at DESC, order_no DESC LIMIT 3
          parameters: [{key: 0}]
        - name: spent
          weight: 5
          table: customers
          sql: SELECT count(*), sum(total_cents) FROM orders WHERE customer_id = ?1
          parameters: [{key: 0}]

      """
    }
  }

  /// The same with some questions whose answer is chance.
  var noisyWorkload: String {
    let question =
      switch self {
      case .redis: "  - {verb: srandmember, weight: 5}\n"
      case .sqlite:
        "  - {name: lucky, weight: 2, table: customers, sql: SELECT abs(random()) % 3 FROM customers WHERE customer_id = ?1, parameters: [{key: 0}]}\n"
      }
    return scenarioWorkload.replacing("workload: scenario", with: "workload: noisy") + question
  }
}
