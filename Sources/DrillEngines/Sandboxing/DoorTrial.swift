internal import DrillModel

/// Attempts to connect, to open, to allocate and to start, made by one program wherever it is launched.
///
/// In Perl, which every Debian has: the same few lines run outside, where each attempt has to succeed, inside the
/// sandbox, and as another user.
struct DoorTrial: Sendable {
  enum Attempt: Hashable, Sendable {
    case tcp(OpenDoors.Address)
    case unix(String)
    case abstract(String)
    /// Opens a file, or a folder's list, to read it.
    case open(String)
    /// Listens on loopback and connects to itself: shows that the program can connect at all.
    case ownListener
    case process
    case memory(UInt64)

    fileprivate var words: [String] {
      switch self {
      case .tcp(let address): ["tcp", address.host, "\(address.port)"]
      case .unix(let path): ["unix", path, ""]
      case .abstract(let name): ["abstract", name, ""]
      case .open(let path): ["open", path, ""]
      case .ownListener: ["own", "", ""]
      case .process: ["process", "", ""]
      case .memory(let bytes): ["memory", "\(bytes)", ""]
      }
    }
  }

  enum Result: Hashable, Sendable {
    case through
    /// In the system's words.
    case refused(String)
  }

  var attempts: [Attempt]

  /// Arguments of Perl, which reads ``program`` from its standard input.
  var arguments: [String] { ["-"] + attempts.flatMap(\.words) }

  static let input = Array(program.utf8)

  /// What the program's lines say; an attempt that it did not come to is missing.
  func results(_ lines: [String]) -> [Attempt: Result] {
    var results: [Attempt: Result] = [:]
    for line in lines {
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard parts.count == 3, let number = Int(parts[0]), attempts.indices.contains(number) else { continue }
      results[attempts[number]] = parts[1] == "through" ? .through : .refused(String(parts[2]))
    }
    return results
  }

  /// The result of an attempt at memory that the program may not have survived: it has said the word before it.
  ///
  /// Perl that gets no memory says so and exits with 1. Source: perl util.c `croak_no_mem`.
  func memoryResult(_ attempt: Attempt, _ lines: [String], _ ending: ChildProcess.Ending) -> Result? {
    if let known = results(lines)[attempt] { return known }
    guard ending == .exited(1), lines.contains(where: { $0.hasPrefix("Out of memory") }) else { return nil }
    return .refused("Out of memory")
  }

  private static let program = #"""
    use strict;
    use Socket;
    $| = 1;
    sub at { my ($host, $port) = @_;
      return Socket::pack_sockaddr_in6($port, Socket::inet_pton(AF_INET6, $host)) if $host =~ /:/;
      return Socket::pack_sockaddr_in($port, inet_aton($host)); }
    sub join_at { my ($family, $address) = @_;
      socket(my $s, $family, SOCK_STREAM, 0) or return "$!";
      my $done = eval {
        local $SIG{ALRM} = sub { die "no answer\n" };
        alarm 3; my $ok = connect($s, $address); my $why = "$!"; alarm 0;
        $ok ? "" : $why };
      return defined $done ? $done : "no answer"; }
    sub own {
      socket(my $s, PF_INET, SOCK_STREAM, 0) or return "$!";
      bind($s, at("127.0.0.1", 0)) && listen($s, 1) or return "$!";
      my ($port) = sockaddr_in(getsockname($s));
      return join_at(PF_INET, at("127.0.0.1", $port)); }
    sub attempt { my ($what, $a, $b) = @_;
      return join_at($a =~ /:/ ? AF_INET6 : AF_INET, at($a, $b)) if $what eq "tcp";
      return join_at(PF_UNIX, pack_sockaddr_un($a)) if $what eq "unix";
      return join_at(PF_UNIX, pack_sockaddr_un("\0$a")) if $what eq "abstract";
      return own() if $what eq "own";
      if ($what eq "open") {
        if (-d $a || ! -e _) { return opendir(my $d, $a) ? "" : "$!" }
        return open(my $f, "<", $a) ? "" : "$!"; }
      if ($what eq "process") {
        my $child = fork; return "$!" unless defined $child;
        exit 0 if $child == 0;
        waitpid($child, 0); return ""; }
      if ($what eq "memory") {
        # A buffer is taken whole before it is read into, and none of it is touched.
        open(my $f, "<", "/dev/null") or return "$!";
        my $buffer; defined sysread($f, $buffer, $a) or return "$!"; return ""; }
      return "unknown"; }
    for (my $n = 0; @ARGV; $n++) {
      my $why = attempt(splice(@ARGV, 0, 3));
      print $n, "\t", $why eq "" ? "through" : "refused", "\t", $why, "\n"; }
    """#
}
