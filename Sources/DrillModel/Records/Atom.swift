/// The canonical, typed, self-delimiting form of one value; bodies and elements of records, keys of rows and answers are sequences of these.
///
/// | atom    | bytes                                              |
/// |---------|----------------------------------------------------|
/// | null    | `00`                                               |
/// | integer | `01`, 8 bytes two's complement, little-endian      |
/// | real    | `02`, 8 bytes of IEEE 754 binary64, little-endian  |
/// | text    | `03`, length as 8 bytes little-endian, bytes       |
/// | blob    | `04`, length as 8 bytes little-endian, bytes       |
///
/// Types are compared as types: 1 is not 1.0, text is not a blob, −0.0 is not 0.0, and a NaN equals only the same bits.
public enum Atom {
  public static let null: UInt8 = 0
  public static let integer: UInt8 = 1
  public static let real: UInt8 = 2
  public static let text: UInt8 = 3
  public static let blob: UInt8 = 4
}

extension [UInt8] {
  /// Appends a fixed-width integer, little-endian.
  @inline(__always)
  public mutating func appendLittleEndian<T: FixedWidthInteger>(_ value: T) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  public mutating func appendNull() { append(Atom.null) }

  public mutating func appendInteger(_ value: Int64) {
    append(Atom.integer)
    appendLittleEndian(value)
  }

  public mutating func appendReal(_ value: Double) {
    append(Atom.real)
    appendLittleEndian(value.bitPattern)
  }

  public mutating func appendText(_ bytes: some Collection<UInt8>) {
    append(Atom.text)
    appendLittleEndian(UInt64(bytes.count))
    append(contentsOf: bytes)
  }

  public mutating func appendBlob(_ bytes: some Collection<UInt8>) {
    append(Atom.blob)
    appendLittleEndian(UInt64(bytes.count))
    append(contentsOf: bytes)
  }

  /// The head of a blob whose `count` bytes follow by other means, in this piece of a record or in later ones.
  @inline(__always)
  public mutating func appendBlobHead(count: Int) {
    append(Atom.blob)
    appendLittleEndian(UInt64(count))
  }

  public mutating func appendBlob(_ bytes: UnsafeRawBufferPointer) {
    appendBlobHead(count: bytes.count)
    append(contentsOf: bytes)
  }
}
