#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// Calls whose names the methods of `FileDescriptor` hide.

func systemOpen(_ path: String, _ flags: Int32, _ permissions: FilePermissions = .ownerReadWrite) -> Int32 {
  open(path, flags, permissions.rawValue)
}

func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int { write(descriptor, bytes.baseAddress, bytes.count) }

func systemPwrite(_ descriptor: Int32, _ byte: UInt8) { _ = withUnsafeBytes(of: byte) { pwrite(descriptor, $0.baseAddress, 1, 0) } }

func systemPipe(_ ends: UnsafeMutablePointer<Int32>) -> Int32 { pipe(ends) }

func systemDup2(_ descriptor: Int32, _ target: Int32) -> Int32 { dup2(descriptor, target) }

func systemListen(_ descriptor: Int32) -> Int32 { listen(descriptor, 64) }

func systemConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32 {
  connect(descriptor, address, size)
}

func systemStatus(_ descriptor: Int32) -> stat? {
  var status = stat()
  return fstat(descriptor, &status) == 0 ? status : nil
}

func systemKill(_ pid: Int32, _ signal: Int32) { _ = kill(pid, signal) }
