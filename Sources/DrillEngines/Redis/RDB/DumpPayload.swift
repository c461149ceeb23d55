/// What `DUMP` replies for a key: its type and value as they stand in a snapshot, then the snapshot format's version and
/// a checksum over all before it.
///
/// Source: redis 7.0 src/cluster.c `createDumpPayload`, `verifyDumpPayload`: two bytes of version and eight of CRC-64,
/// both little-endian.
struct DumpPayload {
  /// Type and value, or what `FUNCTION DUMP` has in their place.
  let body: ArraySlice<UInt8>
  let version: Int

  private static let footerBytes = 10

  /// Nil where the payload is too short or its checksum is not that of its bytes.
  init?(_ payload: [UInt8]) {
    guard payload.count >= DumpPayload.footerBytes else { return nil }
    var checksum = CRC64()
    payload.withUnsafeBytes { checksum.update(UnsafeRawBufferPointer(rebasing: $0.dropLast(8))) }
    let stored = payload.suffix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard stored == checksum.value else { return nil }
    body = payload.dropLast(DumpPayload.footerBytes)
    let place = payload.count - DumpPayload.footerBytes
    version = Int(payload[place]) | Int(payload[place + 1]) << 8
  }
}
