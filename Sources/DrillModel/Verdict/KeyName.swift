/// A record's key as it may be shown. Redacted everywhere unless a flag asks for clear keys.
public enum KeyName: Hashable, Sendable {
  /// The key's own bytes; never written to a ledger or a screen unless asked for.
  case clear([UInt8])
  /// `key:` and the first 16 digits of the key's HMAC under the ledger's secret.
  case redacted(String)

  /// Printable form: clear bytes outside printable ASCII as `\xNN`.
  public var text: String {
    switch self {
    case .redacted(let text): text
    case .clear(let bytes):
      bytes.reduce(into: "") { text, byte in
        if byte == 0x5C {
          text += "\\\\"
        } else if (0x20...0x7E).contains(byte) {
          text.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
          let hex = String(byte, radix: 16)
          text += "\\x" + (hex.count == 1 ? "0" : "") + hex
        }
      }
    }
  }
}

extension KeyName: Codable {
  /// Decodes to ``redacted(_:)``: whatever was recorded is repeated, never interpreted.
  public init(from decoder: any Decoder) throws {
    self = .redacted(try decoder.singleValueContainer().decode(String.self))
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
