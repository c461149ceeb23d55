internal import DrillModel

/// Writes values as records in their canonical form.
struct AOFRecordWriter {
  let records: RecordBuilder

  func write(_ key: [UInt8], _ entry: AOFEntry) throws {
    records.beginKey()
    try key.withUnsafeBytes { try records.append($0) }
    records.beginRecord(entry.value.kind, expiry: entry.expiry)
    switch entry.value {
    case .string(let value): try records.blob(value.bytes)
    case .list(let value): for element in value.elements { try records.blob(element) }
    case .set(let value):
      for member in value.members { try element { try records.blob(member) } }
    case .hash(let value):
      for (name, field) in value.fields {
        try element {
          try records.blob(name)
          try records.blob(field.value)
          if let expiry = field.expiry { try records.integer(expiry) }
        }
      }
    case .sortedSet(let value):
      for (member, score) in value.scores {
        try element {
          try records.blob(member)
          try records.real(score + 0)  // makes −0 to 0
        }
      }
    case .stream(let value): try write(value)
    case .module(let body): try body.withUnsafeBytes { try records.append($0) }
    }
    try records.endRecord()
  }

  func write(library name: [UInt8], code: [UInt8]) throws {
    records.beginKey()
    try name.withUnsafeBytes { try records.append($0) }
    records.beginUnslottedRecord(.library)
    try records.blob(code)
    try records.endRecord()
  }

  private func write(_ stream: AOFStream) throws {
    for entry in stream.entries {
      try write(entry.id)
      try records.integer(Int64(entry.words.count / 2))
      for word in entry.words { try records.blob(word) }
    }
    try records.null()
    try write(stream.lastID)
    for (name, group) in stream.groups {
      try element {
        try records.blob(name)
        try write(group.lastDelivered)
      }
      for consumer in group.consumers {
        try element {
          try records.null()
          try records.blob(name)
          try records.blob(consumer)
        }
      }
      for (id, pending) in group.pending {
        try element {
          try records.null()
          try records.null()
          try records.blob(name)
          try write(id)
          try records.blob(pending.consumer)
          try records.integer(pending.time)
          try records.integer(pending.deliveries)
        }
      }
    }
  }

  private func write(_ id: StreamID) throws {
    try records.integer(Int64(bitPattern: id.milliseconds))
    try records.integer(Int64(bitPattern: id.sequence))
  }

  private func element(_ body: () throws -> Void) throws {
    records.beginElement()
    try body()
    try records.endElement()
  }
}

extension AOFValue {
  var kind: RecordKind {
    switch self {
    case .string: .string
    case .list: .list
    case .set: .set
    case .hash: .hash
    case .sortedSet: .sortedSet
    case .stream: .stream
    case .module: .module
    }
  }
}
