import ProcessTesting

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Sockets on 127.0.0.1.
public enum Loopback {
  #if canImport(Glibc)
    static let stream = Int32(SOCK_STREAM.rawValue)
  #else
    static let stream = SOCK_STREAM
  #endif

  /// A port that was free a moment ago.
  public static func freePort() throws -> UInt16 {
    let (descriptor, port) = try listen(on: 0)
    close(descriptor)
    return port
  }

  static func listen(on port: UInt16) throws(TestingError) -> (descriptor: Int32, port: UInt16) {
    let descriptor = Descriptors.make { socket(AF_INET, stream, 0) }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    let bound = withAddress(port) { bind(descriptor, $0, $1) }
    #if canImport(Darwin)
      let listening = Darwin.listen(descriptor, 64)
    #elseif canImport(Musl)
      let listening = Musl.listen(descriptor, 64)
    #else
      let listening = Glibc.listen(descriptor, 64)
    #endif
    guard bound == 0, listening == 0 else {
      close(descriptor)
      throw TestingError("cannot listen on 127.0.0.1:\(port) (errno \(errno))")
    }
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  /// Blocking; nil when refused.
  static func dial(_ port: UInt16) -> Int32? {
    let descriptor = Descriptors.make { socket(AF_INET, stream, 0) }
    guard withAddress(port, { connect(descriptor, $0, $1) }) == 0 else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  private static func withAddress(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }

  /// Closes with a reset.
  static func reset(_ descriptor: Int32) {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close(descriptor)
  }
}
