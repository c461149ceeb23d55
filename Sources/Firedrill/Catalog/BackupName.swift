import DrillModel

/// What a backup's folder is called: `<cluster>-<yyyymmddThhmmssZ>-<6 hexadecimal digits>`.
///
/// Nobody vouches for a name; it is used only to tell which backup an unusable one may have been.
struct BackupName: Hashable {
  var cluster: String
  /// When it was begun, to the second.
  var time: Instant

  /// Nil where the name is not of this form.
  init?(_ name: String) {
    guard
      let parts = name.wholeMatch(
        of: /(.+)-([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z-[0-9a-f]{6}/)?.output,
      let time = Instant(parsing: "\(parts.2)-\(parts.3)-\(parts.4)T\(parts.5):\(parts.6):\(parts.7)Z")
    else { return nil }
    cluster = String(parts.1)
    self.time = time
  }
}
