public import Foundation

/// A point of wall-clock time in milliseconds since 1970-01-01T00:00:00Z; written as ISO 8601 in UTC with milliseconds.
public struct Instant: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let millisecondsSince1970: Int64

  public init(millisecondsSince1970: Int64) { self.millisecondsSince1970 = millisecondsSince1970 }
  public init(_ date: Date) {
    self.init(millisecondsSince1970: Int64((date.timeIntervalSince1970 * 1000).rounded(.down)))
  }
  public static var now: Instant { Instant(Date()) }

  public var date: Date { Date(timeIntervalSince1970: Double(millisecondsSince1970) / 1000) }
  public static func < (a: Instant, b: Instant) -> Bool { a.millisecondsSince1970 < b.millisecondsSince1970 }

  private static var style: Date.ISO8601FormatStyle {
    Date.ISO8601FormatStyle(includingFractionalSeconds: true, timeZone: TimeZone(secondsFromGMT: 0) ?? .gmt)
  }

  public var description: String { date.addingTimeInterval(0.0002).formatted(Instant.style) }

  /// Reads ISO 8601 with or without fractional seconds; nil for anything else.
  public init?(parsing text: String) {
    if let date = try? Date(text, strategy: Instant.style) {
      self.init(millisecondsSince1970: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    } else if let date = try? Date(text, strategy: .iso8601) {
      self.init(date)
    } else {
      return nil
    }
  }
}

extension Instant: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let instant = Instant(parsing: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an ISO 8601 time")
    }
    self = instant
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
