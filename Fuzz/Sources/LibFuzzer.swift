internal import Glibc

@_silgen_name("LLVMFuzzerRunDriver")
private func drive(
  _ count: UnsafeMutablePointer<CInt>,
  _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The fuzzer as a library: its loop calls us back with bytes.
///
/// Source: LLVM documentation, "libFuzzer", section "Using libFuzzer as a library".
enum LibFuzzer {
  /// Runs the target that the first argument names; the others are the fuzzer's own.
  static func run() -> CInt {
    var words = CommandLine.unsafeArgv
    var count = CommandLine.argc
    // The fuzzer takes the first word for the program's name and the others for options or corpora.
    words += 1
    count -= 1
    return drive(&count, &words) { bytes, count in
      target.read([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
      return 0
    }
  }

  private static let target: FuzzTarget = {
    guard let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else { preconditionFailure("an unknown target") }
    return target
  }()
}
