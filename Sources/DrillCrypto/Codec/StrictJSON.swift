internal import Foundation

/// JSON of what is signed: written in one form, and read so that nothing in it is passed over.
public enum StrictJSON {
  /// The largest text that is read.
  public static let sizeLimit = 64 << 20

  /// Why a text was refused, in words, with the place.
  public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
  }

  /// Reads a value. Names that the type does not know, names that stand twice, and texts that are too large or too
  /// deep are refused.
  ///
  /// - Throws: ``Refusal``.
  public static func decode<T: Codable>(
    _ type: T.Type, from bytes: [UInt8], sizeLimit: Int = sizeLimit
  ) throws(Refusal) -> T {
    guard bytes.count <= sizeLimit else { throw Refusal("larger than \(sizeLimit) bytes") }
    do {
      let text = try JSONText(parsing: bytes)
      let value = try JSONDecoder().decode(type, from: Data(bytes))
      let again = try JSONText(parsing: encode(value))
      if let name = text.firstUnknownName(comparedWith: again) {
        throw Refusal("“\(name)” is not known to this version")
      }
      return value
    } catch let refusal as Refusal {
      throw refusal
    } catch let refusal as JSONText.Refusal {
      throw Refusal("\(refusal.reason) at byte \(refusal.offset)")
    } catch let error as DecodingError {
      throw Refusal(describe(error))
    } catch {
      throw Refusal("cannot be decoded")
    }
  }

  /// Writes a value with sorted names and without white space: equal values give equal bytes.
  public static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }

  private static func describe(_ error: DecodingError) -> String {
    func path(_ keys: [any CodingKey]) -> String {
      "“" + keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.map { "/" + $0 }.joined() + "”"
    }
    return switch error {
    case .keyNotFound(let key, let context): "\(path(context.codingPath + [key])) is missing"
    case .valueNotFound(_, let context): "\(path(context.codingPath)) is null"
    case .typeMismatch(_, let context): "\(path(context.codingPath)) is of another type than it should be"
    case .dataCorrupted(let context): "\(path(context.codingPath)) cannot be decoded"
    @unknown default: "cannot be decoded"
    }
  }
}
