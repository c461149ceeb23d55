import Glibc

/// Memory holds passwords and keys, and a core file would keep them.
enum CoreDumps {
  /// For this process, and by inheritance for all that it starts.
  ///
  /// One byte, which no core fits into: a kernel that pipes cores to a program minds no other limit. Source: linux
  /// fs/coredump.c `do_coredump`.
  static func forbid() {
    var limit = rlimit(rlim_cur: 1, rlim_max: 1)
    // Refused only where a lower limit is in force: then a core that is not piped has no room either.
    _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
  }
}
