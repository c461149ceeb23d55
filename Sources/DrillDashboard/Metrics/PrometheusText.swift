/// Metrics in Prometheus' text format. Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4.
struct PrometheusText {
  enum Kind: String { case gauge, counter, histogram }

  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var text = ""

  /// One metric with all its samples, which the format wants together; nothing where there is no sample.
  mutating func metric(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
    guard !samples.isEmpty else { return }
    text += "# HELP \(name) \(Self.helpEscaped(help))\n# TYPE \(name) \(kind.rawValue)\n"
    for sample in samples {
      text += "\(name)\(sample.suffix)\(Self.labels(sample.labels)) \(Self.number(sample.value))\n"
    }
  }

  struct Sample {
    var suffix = ""
    var labels: [(String, String)]
    var value: Double

    init(_ value: Double, _ labels: [(String, String)], suffix: String = "") {
      self.value = value
      self.labels = labels
      self.suffix = suffix
    }
  }

  private static func labels(_ labels: [(String, String)]) -> String {
    labels.isEmpty ? "" : "{\(labels.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ","))}"
  }

  static func escaped(_ value: String) -> String {
    value.unicodeScalars.reduce(into: "") { text, scalar in
      switch scalar {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(scalar)
      }
    }
  }

  private static func helpEscaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }

  /// Whole numbers without a fraction; `+Inf`, `-Inf` and `NaN` as the format has them.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == value.rounded(), value.magnitude < 9e15 { return String(Int64(value)) }
    return "\(value)"
  }
}
