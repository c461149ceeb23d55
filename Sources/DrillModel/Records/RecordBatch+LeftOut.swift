extension RecordBatch {
  /// Removes the records of these names.
  public mutating func remove(_ names: Set<ReadFacts.RecordName>) {
    guard !names.isEmpty else { return }
    pieces.removeAll { piece in
      let key = bytes[Int(piece.keyOffset)..<Int(piece.keyOffset + piece.keyCount)]
      return names.contains(ReadFacts.RecordName(namespace: namespace, key: Array(key)))
    }
  }
}
