internal import DrillModel
internal import Glibc

/// A plain socket to one server with its two buffers, driven by one thread. After a failure it stays broken.
struct RedisLink {
  let socket: Int32
  private(set) var failure: DrillError.Code?
  private var output: [UInt8] = []
  private var input: UnsafeMutableRawBufferPointer
  /// What was received and not dropped lies in `input[first..<end]`; of it so many bytes are replies that were found.
  private var first = 0
  private var end = 0
  private(set) var found = 0
  private var extent: RESPExtent
  private let limits: RESPLimits

  private static let room = 1 << 16

  /// Connects, logs in and says `READONLY` to a replica.
  ///
  /// - Throws: `DrillError`: `unreachable`, `timed-out`, `authentication-failed`, `permission-denied`,
  ///   `protocol-violation`.
  init(_ shard: RedisStore.Shard, timeout: Duration = .seconds(5), limits: RESPLimits = RESPLimits()) throws {
    self.limits = limits
    extent = RESPExtent(limits: limits)
    socket = try RedisLink.connect(shard.endpoint)
    input = .allocate(byteCount: RedisLink.room, alignment: 16)
    do {
      let deadline = RedisLink.clock() + UInt64(timeout.milliseconds * 1e6)
      let login = shard.credentials.command
      let reply = try ask(login ?? [.word("PING")], shard, until: deadline)
      if login != nil || ["NOAUTH", "DENIED"].contains(reply.errorCode),
        let error = RedisConnection.error(reply, subject: shard.name, isLogin: true)
      {
        throw error
      }
      // A replica outside of a cluster has no such command, and needs none.
      if shard.isReplica { _ = try ask([.word("READONLY")], shard, until: deadline) }
    } catch {
      close()
      throw error
    }
  }

  func close() {
    Glibc.close(socket)
    input.deallocate()
  }

  /// Nanoseconds of the monotonic clock.
  static func clock() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  mutating func fail(_ code: DrillError.Code) { failure = failure ?? code }

  // MARK: Sending

  mutating func append(_ words: [[UInt8]]) { RESPEncoder.append(words, to: &output) }

  var isEmpty: Bool { output.isEmpty }

  /// Drops what was appended and not sent.
  mutating func dropUnsent() { output.removeAll(keepingCapacity: true) }

  /// Sends all that was appended.
  ///
  /// A server that stops reading because nobody reads its replies cannot hold this up for ever: replies are read in
  /// between, and the deadline holds.
  mutating func send(until deadline: UInt64) {
    defer { output.removeAll(keepingCapacity: true) }
    var sent = 0
    while failure == nil, sent < output.count {
      let count = output.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      }
      if count > 0 {
        sent += count
      } else if count < 0, errno == EAGAIN {
        let events = wait(Int16(POLLIN | POLLOUT), until: deadline)
        if events & Int16(POLLIN) != 0 { takeIn(flags: Int32(MSG_DONTWAIT)) }
      } else if errno != EINTR {
        fail(.unreachable)
      }
    }
  }

  // MARK: Receiving

  /// Receives what is there, and waits for something where nothing is; false after a failure.
  ///
  /// The socket itself waits, a tenth of a second at a time: one call of the system for what there is.
  mutating func receive(until deadline: UInt64) -> Bool {
    while failure == nil {
      if takeIn(flags: 0) { return true }
      if failure == nil, RedisLink.clock() >= deadline { fail(.timedOut) }
    }
    return false
  }

  /// Whether anything was received.
  @discardableResult
  private mutating func takeIn(flags: Int32) -> Bool {
    if end == input.count { makeRoom() }
    let count = recv(socket, input.baseAddress.map { $0 + end }, input.count - end, flags)
    if count > 0 {
      end += count
      return true
    }
    if count == 0 || (errno != EAGAIN && errno != EINTR) { fail(.unreachable) }
    return false
  }

  private mutating func makeRoom() {
    if first > 0 {
      if first < end, let base = input.baseAddress { memmove(base, base + first, end - first) }
      (first, end) = (0, end - first)
      return
    }
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count * 2, alignment: 16)
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[first..<end]))
    input.deallocate()
    input = larger
    (first, end) = (0, end - first)
  }

  /// The next whole reply's place, counted from the first byte that was not dropped; nil where it is not all there.
  ///
  /// - Throws: ``RESPParser/Violation``.
  mutating func nextReply() throws -> Range<Int>? {
    guard first + found < end else { return nil }
    let bytes = UnsafeRawBufferPointer(rebasing: input[(first + found)..<end])
    guard let count = try extent.advance(bytes) else { return nil }
    defer { found += count }
    return found..<(found + count)
  }

  func bytes<R>(of place: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try body(UnsafeRawBufferPointer(rebasing: input[(first + place.lowerBound)..<(first + place.upperBound)]))
  }

  /// Drops the replies that were found; their places mean nothing any more.
  mutating func dropFound() {
    first += found
    found = 0
    if first == end { (first, end) = (0, 0) }
  }

  // MARK: Waiting

  /// The events that came, 0 where the deadline did, after which the link is broken.
  private mutating func wait(_ events: Int16, until deadline: UInt64) -> Int16 {
    while true {
      let now = RedisLink.clock()
      guard now < deadline else {
        fail(.timedOut)
        return 0
      }
      var one = pollfd(fd: socket, events: events, revents: 0)
      // Rounded up: a wait that ends before the deadline would only be begun again.
      let found = poll(&one, 1, Int32(clamping: (deadline - now) / 1_000_000 + 1))
      if found > 0 { return one.revents }
      if found < 0, errno != EINTR {
        fail(.unreachable)
        return 0
      }
    }
  }

  /// Those of `open` that have something to read, once any has; none where the deadline came first.
  static func ready(_ open: [Int], of links: [RedisLink], until deadline: UInt64) -> [Int] {
    var waiting = open.map { pollfd(fd: links[$0].socket, events: Int16(POLLIN), revents: 0) }
    while true {
      let now = clock()
      guard now < deadline else { return [] }
      let found = poll(&waiting, nfds_t(waiting.count), Int32(clamping: (deadline - now) / 1_000_000 + 1))
      if found > 0 { return zip(open, waiting).filter { $0.1.revents != 0 }.map(\.0) }
      if found < 0, errno != EINTR { return open }
    }
  }

  // MARK: Beginning

  private mutating func ask(_ words: [[UInt8]], _ shard: RedisStore.Shard, until deadline: UInt64) throws -> RESPValue {
    append(words)
    send(until: deadline)
    while receive(until: deadline) {
      do {
        guard let place = try nextReply() else { continue }
        var value: RESPValue?
        var parser = RESPParser(limits: limits)
        _ = try bytes(of: place) { try parser.feed($0) { value = $0 } }
        dropFound()
        if let value { return value }
      } catch is RESPParser.Violation {
        fail(.protocolViolation)
      }
    }
    throw DrillError(
      failure ?? .unreachable, subject: shard.name,
      detail: failure == .timedOut ? "no reply in time" : "the connection was lost before it could be used")
  }

  private static func connect(_ endpoint: Endpoint) throws -> Int32 {
    switch endpoint {
    case .unix(let path):
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      let room = MemoryLayout.size(ofValue: address.sun_path)
      guard path.utf8.count < room else {
        throw DrillError(.unreachable, subject: path, detail: "the socket's path is longer than the system allows")
      }
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      return try withUnsafeBytes(of: &address) { try connect(AF_UNIX, $0, endpoint) }
    case .tcp(let host, let port):
      var hints = addrinfo()
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      var found: UnsafeMutablePointer<addrinfo>?
      guard getaddrinfo(host, String(port), &hints, &found) == 0 else {
        throw DrillError(.unreachable, subject: endpoint.description, detail: "cannot connect: the host has no address")
      }
      defer { freeaddrinfo(found) }
      var last: (any Error)?
      var entry = found
      while let address = entry?.pointee {
        do {
          let bytes = UnsafeRawBufferPointer(start: address.ai_addr, count: Int(address.ai_addrlen))
          let socket = try connect(address.ai_family, bytes, endpoint)
          var one: Int32 = 1
          setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
          return socket
        } catch {
          last = error
        }
        entry = address.ai_next
      }
      throw last ?? DrillError(.unreachable, subject: endpoint.description, detail: "cannot connect")
    }
  }

  /// A connected socket that waits for a tenth of a second when nothing is there to receive.
  private static func connect(_ family: Int32, _ address: UnsafeRawBufferPointer, _ endpoint: Endpoint) throws -> Int32
  {
    let socket = Glibc.socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    func refusal() -> DrillError {
      let reason = String(cString: strerror(errno))
      return DrillError(.unreachable, subject: endpoint.description, detail: "cannot connect: \(reason)")
    }
    guard socket >= 0 else { throw refusal() }
    // A connection that takes longer than a minute is none; sending and receiving have deadlines of their own.
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let result = address.withMemoryRebound(to: sockaddr.self) {
      Glibc.connect(socket, $0.baseAddress, socklen_t(address.count))
    }
    var wait = timeval(tv_sec: 0, tv_usec: 100_000)
    guard result == 0,
      setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size)) == 0
    else {
      defer { Glibc.close(socket) }
      throw refusal()
    }
    return socket
  }
}
