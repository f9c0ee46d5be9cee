import Foundation

extension FileDescriptor {
  #if canImport(Glibc)
    static let streamSocket = Int32(SOCK_STREAM.rawValue)
  #else
    static let streamSocket = SOCK_STREAM
  #endif

  /// A socket that listens on 127.0.0.1.
  ///
  /// - Parameters:
  ///   - port: 0 for any free one.
  ///   - backlog: about how many connections may wait to be accepted.
  public static func listen(on port: UInt16, backlog: Int32 = 64) throws(SystemError) -> (socket: FileDescriptor, port: UInt16) {
    let descriptor = try create("socket") { socket(AF_INET, streamSocket, 0) }
    var yes: Int32 = 1
    setsockopt(descriptor.rawValue, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard with(loopback(port), { bind(descriptor.rawValue, $0, $1) }) == 0, Foundation.listen(descriptor.rawValue, backlog) == 0 else {
      let error = SystemError("listen on 127.0.0.1:\(port)")
      try? descriptor.close()
      throw error
    }
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor.rawValue, $0, &size) }
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  /// Connects to a port of 127.0.0.1. Blocks.
  public static func connect(to port: UInt16) throws(SystemError) -> FileDescriptor {
    let descriptor = try create("socket") { socket(AF_INET, streamSocket, 0) }
    guard with(loopback(port), { Foundation.connect(descriptor.rawValue, $0, $1) }) == 0 else {
      let error = SystemError("connect to 127.0.0.1:\(port)")
      try? descriptor.close()
      throw error
    }
    return descriptor
  }

  /// Begins to connect to a port of 127.0.0.1. The result is nonblocking, and writable once it is connected.
  public static func beginConnecting(to port: UInt16) throws(SystemError) -> FileDescriptor {
    let descriptor = try create("socket") { socket(AF_INET, streamSocket, 0) }
    descriptor.makeNonblocking()
    _ = with(loopback(port)) { Foundation.connect(descriptor.rawValue, $0, $1) }
    return descriptor
  }

  /// Connects to a Unix socket. The result is nonblocking.
  ///
  /// - Parameter deadline: until when a full backlog, which cannot be polled, is tried again.
  public static func connect(toSocketAt path: String, by deadline: ContinuousClock.Instant) throws(SystemError) -> FileDescriptor {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array(path.utf8) + [0]
    guard name.count <= MemoryLayout.size(ofValue: address.sun_path) else { throw SystemError("connect", .fileNameTooLong) }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let descriptor = try create("socket") { socket(AF_UNIX, streamSocket, 0) }
    descriptor.makeNonblocking()
    while true {
      let status = with(address) { Foundation.connect(descriptor.rawValue, $0, $1) }
      let code = Errno.current
      if status == 0 || code == .socketIsConnected { return descriptor }
      guard [.wouldBlock, .nowInProgress, .alreadyInProcess, .interrupted].contains(code), .now < deadline else {
        try? descriptor.close()
        throw SystemError("connect", code)
      }
      usleep(10_000)
    }
  }

  /// Takes a connection that waits at a listening socket.
  public func acceptConnection() throws(SystemError) -> FileDescriptor {
    try Self.create("accept") { accept(rawValue, nil, nil) }
  }

  /// Closes a socket with a reset, as a crash of its machine would.
  public func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(rawValue, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    try? close()
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  private static func with<Address>(_ address: Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<Address>.size)) }
    }
  }
}

/// The addresses of a host name; none when it is unknown. Blocks.
public func addresses(of host: String) -> [String] {
  var hints = addrinfo()
  hints.ai_family = AF_UNSPEC
  hints.ai_socktype = FileDescriptor.streamSocket
  var list: UnsafeMutablePointer<addrinfo>?
  guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
  defer { freeaddrinfo(list) }
  var addresses: [String] = []
  var item = list
  while let info = item?.pointee {
    let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer -> String? in
      guard let base = buffer.baseAddress,
        getnameinfo(info.ai_addr, info.ai_addrlen, base, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0
      else { return nil }
      return String(cString: base)
    }
    if let text, !addresses.contains(text) { addresses.append(text) }
    item = info.ai_next
  }
  return addresses
}
