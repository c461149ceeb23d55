/// The filter that keeps a contained program from starting processes; threads it may have.
///
/// It holds for root as well, whom no limit on processes holds back, and asks for no control group.
/// Source: linux include/uapi/linux/filter.h, seccomp.h, audit.h; asm/unistd_64.h and asm-generic/unistd.h for the
/// numbers; kernel/fork.c `copy_process`: with `CLONE_THREAD` a thread is made.
enum SystemCallFilter {
  private struct Instruction {
    var code: UInt16
    var whenTrue: UInt8 = 0
    var whenFalse: UInt8 = 0
    var value: UInt32

    var bytes: [UInt8] {
      let parts: [(UInt64, Int)] = [
        (UInt64(code), 2), (UInt64(whenTrue), 1), (UInt64(whenFalse), 1), (UInt64(value), 4),
      ]
      return parts.flatMap { value, count in (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
    }
  }

  private static let load: UInt16 = 0x20
  private static let isEqual: UInt16 = 0x15
  private static let isAtLeast: UInt16 = 0x35
  private static let hasBits: UInt16 = 0x45
  private static let result: UInt16 = 0x06

  private static let allow: UInt32 = 0x7FFF_0000
  private static let fail: UInt32 = 0x0005_0000
  /// EPERM, and not EAGAIN, after which shells wait and try again.
  private static let forbidden = fail | 1
  /// ENOSYS, after which the C library takes `clone`, whose flags can be seen.
  private static let unknown = fail | 38
  private static let threadFlag: UInt32 = 0x10000

  #if arch(x86_64)
    private static let machine: UInt32 = 0xC000_003E
    private static let forks: [UInt32] = [57, 58]
    private static let clone: UInt32 = 56
    /// Numbers from here on are those of the x32 convention: the same calls once more.
    private static let foreign: UInt32 = 0x4000_0000
  #elseif arch(arm64)
    private static let machine: UInt32 = 0xC000_00B7
    private static let forks: [UInt32] = []
    private static let clone: UInt32 = 220
    private static let foreign = UInt32.max
  #endif
  private static let clone3: UInt32 = 435

  /// As bubblewrap's `--seccomp` reads it; nil on machines whose numbers are not known here.
  static var program: [UInt8]? {
    #if arch(x86_64) || arch(arm64)
      // Offsets of `struct seccomp_data`: number 0, machine 4, first argument 16.
      var lines = [
        Instruction(code: load, value: 4), Instruction(code: isEqual, whenTrue: 1, value: machine),
        Instruction(code: result, value: forbidden), Instruction(code: load, value: 0),
        Instruction(code: isAtLeast, whenFalse: 1, value: foreign), Instruction(code: result, value: forbidden),
      ]
      for number in forks {
        lines += [
          Instruction(code: isEqual, whenFalse: 1, value: number), Instruction(code: result, value: forbidden),
        ]
      }
      lines += [
        Instruction(code: isEqual, whenFalse: 1, value: clone3), Instruction(code: result, value: unknown),
        Instruction(code: isEqual, whenTrue: 1, value: clone), Instruction(code: result, value: allow),
        Instruction(code: load, value: 16),
        Instruction(code: hasBits, whenTrue: 1, value: threadFlag), Instruction(code: result, value: forbidden),
        Instruction(code: result, value: allow),
      ]
      return lines.flatMap(\.bytes)
    #else
      return nil
    #endif
  }
}
