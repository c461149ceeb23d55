internal import DrillModel
internal import Foundation
internal import Glibc

/// Listeners that a sandbox must not reach, open while its isolation is tried: a refusal is then the sandbox's, and not
/// for want of a listener.
final class OpenDoors {
  struct Address: Hashable {
    /// Numeric.
    var host: String
    var port: Int
  }

  private(set) var loopback: Address?
  /// At an address of this machine that is not loopback; nil where it has none.
  private(set) var elsewhere: Address?
  /// A unix socket's name, without the zero byte before it, that has no file.
  private(set) var abstractName: String?
  private var descriptors: [Int32] = []

  init() {
    loopback = listen(at: "127.0.0.1") ?? listen(at: "::1")
    for host in OpenDoors.ownAddresses() where elsewhere == nil { elsewhere = listen(at: host) }
    abstractName = listenWithoutFile()
  }

  deinit { for descriptor in descriptors { close(descriptor) } }

  /// The numeric addresses that a name stands for, up to `most`; empty where it is not known.
  static func resolve(_ host: String, port: Int, most: Int = 2) -> [Address] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var found: [Address] = []
    var entry = list
    while let information = entry?.pointee, found.count < most {
      if let address = information.ai_addr, let host = numeric(address, information.ai_addrlen) {
        found.append(Address(host: host, port: port))
      }
      entry = information.ai_next
    }
    return found
  }

  private static func numeric(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> String? {
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard getnameinfo(address, length, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
    return String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Numeric addresses of this machine's interfaces that are up, but for loopback and those that need to be told a link.
  private static func ownAddresses() -> [String] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var found: [String] = []
    var entry = list
    while let interface = entry?.pointee {
      defer { entry = interface.ifa_next }
      guard let address = interface.ifa_addr, interface.ifa_flags & UInt32(IFF_UP) != 0,
        interface.ifa_flags & UInt32(IFF_LOOPBACK) == 0
      else { continue }
      let length: Int
      switch Int32(address.pointee.sa_family) {
      case AF_INET: length = MemoryLayout<sockaddr_in>.size
      case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
      default: continue
      }
      guard let host = numeric(address, socklen_t(length)), !host.contains("%") else { continue }
      found.append(host)
    }
    return found
  }

  private func listen(at host: String) -> Address? {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, "0", &hints, &list) == 0, let information = list?.pointee else { return nil }
    defer { freeaddrinfo(list) }
    guard let address = information.ai_addr,
      let descriptor = opened(information.ai_family, address, information.ai_addrlen)
    else { return nil }
    var bound = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let port = withUnsafeMutablePointer(to: &bound) { storage -> Int? in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Int? in
        guard getsockname(descriptor, address, &length) == 0 else { return nil }
        // The port stands at the same place in both families. Source: ip(7), ipv6(7).
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          Int(UInt16(bigEndian: $0.pointee.sin_port))
        }
      }
    }
    return port.map { Address(host: host, port: $0) }
  }

  /// Source: unix(7), "abstract": a zero byte, then a name that the address' length ends.
  private func listenWithoutFile() -> String? {
    let name = "firedrill-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: name.utf8) }
    let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + 1 + name.utf8.count
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { opened(AF_UNIX, $0, socklen_t(length)) }
    }.map { _ in name }
  }

  private func opened(_ family: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32? {
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    // A connection is whole once the kernel has queued it; nobody has to accept it.
    guard bind(descriptor, address, length) == 0, Glibc.listen(descriptor, 64) == 0 else {
      close(descriptor)
      return nil
    }
    descriptors.append(descriptor)
    return descriptor
  }
}
