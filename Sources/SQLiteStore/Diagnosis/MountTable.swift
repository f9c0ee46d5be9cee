/// The mounted file systems: proc(5), `/proc/PID/mountinfo`.
struct MountTable {
  private let mounts: [(point: String, type: String)]

  init(_ text: String) {
    mounts = text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 4, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { return nil }
      return (Self.unescaped(fields[4]), String(fields[dash + 1]))
    }
  }

  /// The type of a path's file system, if it is a network or FUSE file system.
  func remoteType(of path: String) -> String? {
    let holding = mounts.filter { path == $0.point || path.hasPrefix($0.point == "/" ? "/" : $0.point + "/") }
    // A later mount on the same point hides an earlier one.
    guard
      let type = holding.enumerated().max(by: { ($0.element.point.count, $0.offset) < ($1.element.point.count, $1.offset) })?.element.type
    else { return nil }
    let remote = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "fuse", "virtiofs", "vboxsf"]
    return remote.contains(type) || type.hasPrefix("fuse.") ? type : nil
  }

  /// Replaces octal escapes such as `\\040` for a space.
  private static func unescaped(_ field: Substring) -> String {
    var bytes = [UInt8]()
    var rest = field.utf8
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3, let code = UInt8(String(Substring(digits)), radix: 8) {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
