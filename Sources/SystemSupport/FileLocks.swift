/// Locks of fcntl(2) on files.
public enum FileLocks {
  /// The names and pids of the processes that hold a lock for writing on one of these bytes, as far as the system tells: on Linux, of this
  /// user's processes. The file is not opened: closing it would end this process's own locks on it.
  public static func writers(of file: FileIdentity, at bytes: ClosedRange<UInt64>) -> [(name: String, pid: Int32)] {
    let table = FileSystem.contents(of: "/proc/locks") ?? []
    return writers(of: file, at: bytes, String(decoding: table, as: UTF8.self)).compactMap { pid in
      let name = String(decoding: FileSystem.contents(of: "/proc/\(pid)/comm") ?? [], as: UTF8.self).filter { !$0.isNewline }
      return name.isEmpty ? nil : (name, pid)
    }
  }

  /// - Parameter table: proc(5), `/proc/locks`.
  static func writers(of file: FileIdentity, at bytes: ClosedRange<UInt64>, _ table: String) -> [Int32] {
    var pids: [Int32] = []
    for line in table.split(separator: "\n") {
      // 1: POSIX  ADVISORY  WRITE 4711 fd:00:1234 120 120
      let fields = line.split(separator: " ")
      guard fields.count == 8, fields[1] == "POSIX", fields[3] == "WRITE", file.isNamed(String(fields[5])), let pid = Int32(fields[4]),
        let first = UInt64(fields[6]), bytes.overlaps(first...(UInt64(fields[7]) ?? .max)), !pids.contains(pid)
      else { continue }
      pids.append(pid)
    }
    return pids
  }
}

extension FileIdentity {
  /// - Parameter name: the device's major and minor number in hexadecimal digits, and the inode.
  fileprivate func isNamed(_ name: String) -> Bool {
    let parts = name.split(separator: ":")
    guard parts.count == 3, let major = UInt64(parts[0], radix: 16), let minor = UInt64(parts[1], radix: 16) else { return false }
    // As glibc packs both into a dev_t.
    let packed = (minor & 0xFF) | (major & 0xFFF) << 8 | (minor & ~0xFF) << 12 | (major & ~0xFFF) << 32
    return device == packed && inode == UInt64(parts[2])
  }
}
