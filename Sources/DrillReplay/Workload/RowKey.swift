internal import DrillModel

/// The columns of a row's key, which engines hand on as a sequence of atoms.
enum RowKey {
  /// Nil where the bytes are not whole atoms, or text is not UTF-8.
  static func columns(of key: [UInt8]) -> [Scalar]? {
    var columns: [Scalar] = []
    var rest = key[...]
    func word() -> UInt64? {
      guard rest.count >= 8 else { return nil }
      defer { rest = rest.dropFirst(8) }
      return rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    func bytes() -> [UInt8]? {
      guard let count = word(), count <= UInt64(rest.count) else { return nil }
      defer { rest = rest.dropFirst(Int(count)) }
      return Array(rest.prefix(Int(count)))
    }
    while let tag = rest.popFirst() {
      switch tag {
      case Atom.null: columns.append(.null)
      case Atom.integer:
        guard let bits = word() else { return nil }
        columns.append(.integer(Int64(bitPattern: bits)))
      case Atom.real:
        guard let bits = word() else { return nil }
        columns.append(.real(Double(bitPattern: bits)))
      case Atom.text:
        guard let bytes = bytes(), let text = String(validating: bytes, as: UTF8.self) else { return nil }
        columns.append(.text(text))
      case Atom.blob:
        guard let bytes = bytes() else { return nil }
        columns.append(.blob(bytes))
      default: return nil
      }
    }
    return columns.isEmpty ? nil : columns
  }

  static func bytes(of columns: [Scalar]) -> [UInt8] {
    var key: [UInt8] = []
    for column in columns { key.append(column) }
    return key
  }
}

extension [UInt8] {
  /// Appends a scalar's atom.
  mutating func append(_ scalar: Scalar) {
    switch scalar {
    case .null: appendNull()
    case .integer(let value): appendInteger(value)
    case .real(let value): appendReal(value)
    case .text(let value): appendText(value.utf8)
    case .blob(let value): appendBlob(value)
    }
  }
}
