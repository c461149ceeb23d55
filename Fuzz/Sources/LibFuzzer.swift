internal import Glibc

@_silgen_name("LLVMFuzzerRunDriver")
private func drive(
  _ count: UnsafeMutablePointer<CInt>,
  _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ read: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The fuzzer as a library: its loop calls us back with bytes.
///
/// Source: LLVM documentation, "libFuzzer", section "Using libFuzzer as a library".
enum LibFuzzer {
  /// Runs the target that the first argument names; the others are the fuzzer's own.
  static func run() -> CInt {
    // The fuzzer takes the first word for the program's name and the others for options or corpora.
    var words = CommandLine.arguments.dropFirst().map { strdup($0) } + [nil]
    var count = CInt(words.count - 1)
    return words.withUnsafeMutableBufferPointer { buffer in
      var start = buffer.baseAddress
      return drive(&count, &start, readOne)
    }
  }

  fileprivate static let target: FuzzTarget = {
    guard let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else { preconditionFailure("an unknown target") }
    return target
  }()
}

private func readOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  LibFuzzer.target.read([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}
