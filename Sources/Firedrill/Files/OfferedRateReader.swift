import DrillModel
import DrillReplay
import Yams

/// Reads the fields of a workload file that say when operations start, and those that only a sandbox's load knows.
struct OfferedRateReader {
  let file: YAMLSection

  func read(into profile: inout WorkloadProfile) throws {
    profile.rate = try rate()
    profile.thinkTime = try thinkTime()
    profile.duration = try file.duration("duration")
    if profile.duration != nil, file.has("operations") {
      throw file.refuse("duration", "'duration' stands instead of 'operations': give one of the two")
    }
    profile.writes = try file.sections("writes").map { try $0.map(write) } ?? []
  }

  private func rate() throws -> OfferedRate? {
    guard let perSecond = try file.real("rate", in: 0.001...10_000_000) else {
      for field in ["schedule", "ramp"] where file.has(field) {
        throw file.refuse(field, "'\(field)' needs 'rate', the operations a second")
      }
      // Asked for, so that they are known names.
      _ = (file.node("schedule"), file.node("ramp"))
      return nil
    }
    var rate = OfferedRate(perSecond)
    if let node = file.node("schedule") { try schedule(node, &rate) }
    if let node = file.node("ramp") { rate.ramp = try ramp(node) }
    return rate
  }

  private static let scheduleForms =
    "'schedule' is constant, poisson, or {daily: office, evening or a list of 24 factors, compress: TIME}"

  private func schedule(_ node: Node, _ rate: inout OfferedRate) throws {
    if let name = node.string {
      guard let arrivals = OfferedRate.Arrivals(rawValue: name) else {
        throw file.refuse(node, OfferedRateReader.scheduleForms)
      }
      rate.arrivals = arrivals
      return
    }
    guard node.mapping != nil else { throw file.refuse(node, OfferedRateReader.scheduleForms) }
    let section = try file.section(node, "'schedule'")
    guard let daily = section.node("daily") else { throw section.missing(["daily"], OfferedRateReader.scheduleForms) }
    let factors: [Double]
    if let list = daily.sequence {
      factors = try list.map { entry in
        guard let factor = entry.realNumber else {
          throw section.refuse(entry, "a factor must be a number, 1 for the full rate")
        }
        return factor
      }
    } else if let name = daily.string.flatMap(DailyCurve.Name.init) {
      factors = name.factors
    } else {
      throw section.refuse(daily, OfferedRateReader.scheduleForms)
    }
    rate.curve = DailyCurve(factors: factors, day: try section.duration("compress") ?? .seconds(86_400))
    rate.arrivals = try section.choice("arrivals", of: OfferedRate.Arrivals.self) ?? .constant
    try section.finish()
  }

  private func ramp(_ node: Node) throws -> OfferedRate.Ramp {
    guard node.mapping != nil else {
      guard let duration = try file.duration("ramp") else { preconditionFailure("the field is there") }
      return OfferedRate.Ramp(duration)
    }
    let section = try file.section(node, "'ramp'")
    guard let duration = try section.duration("over") else {
      throw section.missing(["over"], "'ramp' is a time, or {over: TIME, from: OPERATIONS A SECOND}")
    }
    let ramp = OfferedRate.Ramp(duration, from: try section.real("from", in: 0...10_000_000) ?? 0)
    try section.finish()
    return ramp
  }

  private func thinkTime() throws -> ThinkTime? {
    guard let node = file.node("think_time") else { return nil }
    guard node.mapping != nil else { return try file.duration("think_time").map(ThinkTime.constant) }
    let section = try file.section(node, "'think_time'")
    guard
      let time = try section.duration("exponential").map(ThinkTime.exponential)
        ?? section.duration("constant").map(ThinkTime.constant)
    else {
      throw section.missing(
        ["exponential", "constant"], "'think_time' is a time, {constant: TIME} or {exponential: MEAN TIME}")
    }
    try section.finish()
    return time
  }

  private func write(_ entry: YAMLSection) throws -> WeightedWrite {
    guard let verb = try entry.choice("verb", of: SandboxWrite.Verb.self) else {
      throw entry.missing(
        ["verb"], "a write needs 'verb': \(SandboxWrite.Verb.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    var write = WeightedWrite(verb, weight: try entry.integer("weight", in: 1...1_000_000) ?? 1)
    write.keys = try entry.integer("keys", in: 1...1_000_000) ?? write.keys
    if let size = try entry.size("size") { write.size = Int(min(size, UInt64(Int.max))) }
    try entry.finish()
    return write
  }
}
