public import DrillModel

/// A parameterised query of the shard that holds the drawn row.
///
/// It MUST read only rows that live in that shard wherever slots lie (rows of the same customer), or its answer depends
/// on the shard map.
public struct SQLQuestion: Hashable, Sendable {
  public var sql: String
  /// The table whose keys are drawn.
  public var table: String
  /// Values of `?1`, `?2`, … in their order.
  public var parameters: [Parameter]
  /// Whether the SQL fixes the order of the rows; otherwise rows are compared as a multiset.
  public var isOrdered: Bool

  public init(_ sql: String, table: String, parameters: [Parameter], isOrdered: Bool) {
    self.sql = sql
    self.table = table
    self.parameters = parameters
    self.isOrdered = isOrdered
  }

  public enum Parameter: Hashable, Sendable {
    /// A column of the drawn row's primary key, 0 the first.
    case key(Int)
    case constant(Scalar)
    /// A number of the range, each equally likely.
    case integer(ClosedRange<Int64>)
    /// One of these, each equally likely.
    case oneOf([Scalar])
    case pattern(ArgumentPattern)
  }

  func accepts(_ entry: WorkloadKeys.Entry) -> Bool {
    guard entry.kind == .row, entry.namespace == table, let columns = RowKey.columns(of: entry.key) else {
      return false
    }
    return parameters.allSatisfy { parameter in
      if case .key(let column) = parameter { return columns.indices.contains(column) }
      return true
    }
  }

  var problems: [WorkloadProfile.Problem] {
    var problems: [WorkloadProfile.Problem] = []
    if sql.isEmpty { problems.append(.init(field: "sql", detail: "must be a query")) }
    if table.isEmpty { problems.append(.init(field: "table", detail: "must name the table whose keys are drawn")) }
    for (index, parameter) in parameters.enumerated() {
      switch parameter {
      case .key(let column) where column < 0:
        problems.append(.init(field: "parameters[\(index)]", detail: "must be a column of the key, from 0"))
      case .oneOf(let choices) where choices.isEmpty:
        problems.append(.init(field: "parameters[\(index)]", detail: "must offer at least one value"))
      default: break
      }
    }
    return problems
  }

  /// - Parameter columns: of the key, present or absent, that is asked about.
  func values(columns: [Scalar], _ generator: inout SeededGenerator) -> [Scalar] {
    parameters.map { parameter in
      switch parameter {
      case .key(let column): columns.indices.contains(column) ? columns[column] : .null
      case .constant(let value): value
      case .integer(let range): .integer(generator.integer(in: range))
      case .oneOf(let choices): choices[generator.index(below: choices.count)]
      case .pattern(let pattern): .text(pattern.next(&generator))
      }
    }
  }
}
