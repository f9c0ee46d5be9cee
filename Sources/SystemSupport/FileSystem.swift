import CSystemSupport
import Foundation

/// Which file is at a path: a file that replaces another has another identity.
public struct FileIdentity: Hashable, Sendable {
  let device: UInt64
  let inode: UInt64

  /// Nil when there is no file.
  public init?(path: String) {
    guard let status = FileSystem.status(path) else { return nil }
    self.init(status)
  }

  /// That of an open file, whatever is at its path by now.
  init?(of file: FileDescriptor) {
    var status = stat()
    guard fstat(file.rawValue, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    device = UInt64(truncatingIfNeeded: status.st_dev)
    inode = UInt64(truncatingIfNeeded: status.st_ino)
  }

  /// Names the file at a path for all times: another file may get its inode later, and its device another number after a restart. Nil where
  /// there is no file, or the file system keeps no times of creation.
  public static func lasting(path: String) -> String? {
    let birth = file_birth_time(path)
    guard birth != 0, let file = FileIdentity(path: path) else { return nil }
    return "\(file.inode) \(birth)"
  }
}

/// Who owns a file, and who may use it.
public struct FileRights: Sendable {
  /// The number of a user.
  public let owner: UInt32
  /// The permissions, with the set-id and sticky bits.
  public let mode: UInt32
  public let size: Int64

  public var isMine: Bool { owner == geteuid() }

  /// Nil when there is no file.
  public init?(path: String) {
    guard let status = FileSystem.status(path) else { return nil }
    self.init(status)
  }

  /// The same, where a link counts as what it is: one that everybody may use.
  public init?(linkOrFile path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    owner = status.st_uid
    mode = UInt32(status.st_mode) & 0o7777
    size = Int64(status.st_size)
  }
}

/// Paths, and the folders on the way to them.
public enum FileSystem {
  /// `HOME`, else what the system knows of the user; empty where that is not UTF-8.
  public static var homeFolder: String {
    (getenv("HOME") ?? getpwuid(getuid())?.pointee.pw_dir).flatMap { String(validatingCString: $0) } ?? ""
  }

  /// Whether the folder that a path leads to has a path in UTF-8. Of a path that does not exist yet, the part that exists counts.
  public static func isText(_ path: String) -> Bool {
    guard let real = realpath(path, nil) else {
      let folder = split(path).folder
      return folder == path || isText(folder)
    }
    defer { free(real) }
    return String(validatingCString: real) != nil
  }

  /// The path without links. The file need not exist, its folder must; else the path itself, as where it is not UTF-8.
  public static func resolved(_ path: String) -> String { resolved(path, links: 40) }

  private static func resolved(_ path: String, links: Int) -> String {
    if let real = realPath(path) { return real }
    let (folder, name) = split(path)
    if links > 0, let target = target(ofLink: path) {
      return resolved(target.hasPrefix("/") ? target : "\(folder)/\(target)", links: links - 1)
    }
    guard let parent = realPath(folder) else { return path }
    return (parent == "/" ? "" : parent) + "/" + name
  }

  private static func target(ofLink path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    return count > 0 ? String(validating: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
  }

  private static func realPath(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(validatingCString: real)
  }

  public static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  /// Creates a folder, and those above it, for this user only (0700), whatever the umask is. Existing ones keep their modes.
  ///
  /// - Throws: the error's `function` names the folder.
  public static func makeFolder(_ folder: String) throws(SystemError) {
    if mkdir(folder, 0o700) == 0 { return try giveOwnerAllRights(to: folder) }
    if Errno.current == .fileExists { return }
    guard Errno.current == .noSuchFileOrDirectory, folder.contains("/"), split(folder).folder != folder else { throw SystemError(folder) }
    try makeFolder(split(folder).folder)
    if mkdir(folder, 0o700) == 0 { return try giveOwnerAllRights(to: folder) }
    if Errno.current != .fileExists { throw SystemError(folder) }
  }

  /// Undoes what the umask did to a new folder. A link that somebody put in its place is not followed.
  private static func giveOwnerAllRights(to folder: String) throws(SystemError) {
    guard let mode = FileRights(linkOrFile: folder)?.mode, mode & 0o700 != 0o700 else { return }
    guard fchmodat(AT_FDCWD, folder, mode_t(mode | 0o700), AT_SYMLINK_NOFOLLOW) == 0 else { throw SystemError(folder) }
  }

  /// The bytes of a file; nil where it cannot be read.
  public static func contents(of path: String) -> [UInt8]? {
    guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
    defer { try? file.close() }
    return try? file.readToEnd()
  }

  /// Creates a folder of a new name, for this user only, whatever the umask is.
  public static func makeTemporaryFolder(in folder: String, _ prefix: String) throws(SystemError) -> String {
    var template = Array("\(folder)/\(prefix).XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp \(folder)") }
    let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    try giveOwnerAllRights(to: folder)
    return folder
  }

  public static func rename(_ path: String, to other: String) throws(SystemError) {
    if Foundation.rename(path, other) != 0 { throw SystemError("rename \(path)") }
  }

  /// Removes a file or a link. A failure counts as success.
  public static func remove(_ path: String) { unlink(path) }

  static func status(_ path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
  }

  /// What is at a path instead of a file, such as `a pipe`; nil for a file, and where nothing is.
  public static func otherKind(_ path: String) -> String? {
    switch (status(path)?.st_mode).map({ $0 & S_IFMT }) {
    case nil, S_IFREG: nil
    case S_IFDIR: "a folder"
    case S_IFIFO: "a pipe"
    case S_IFSOCK: "a socket"
    default: "a device"
    }
  }

  /// Whether this process may use a file in every one of these ways. Asking for none asks whether it exists.
  public static func allows(_ path: String, reading: Bool = false, writing: Bool = false, entering: Bool = false) -> Bool {
    access(path, (reading ? R_OK : F_OK) | (writing ? W_OK : F_OK) | (entering ? X_OK : F_OK)) == 0
  }

  /// The bytes that this user may still write to the disk of a folder.
  public static func freeSpace(of folder: String) throws(SystemError) -> UInt64 {
    var info = statvfs()
    guard statvfs(folder, &info) == 0 else { throw SystemError("statvfs") }
    return UInt64(info.f_bavail) * UInt64(info.f_frsize)
  }

  /// What kind of file system a folder is on, if it is one that other machines or programs provide.
  public static func remoteType(of folder: String) -> String? {
    #if os(Linux)
      contents(of: "/proc/self/mountinfo").flatMap { remoteType(of: resolved(folder), String(decoding: $0, as: UTF8.self)) }
    #else
      var info = statfs()
      guard statfs(folder, &info) == 0, info.f_flags & UInt32(MNT_LOCAL) == 0 else { return nil }
      return "a network file system"
    #endif
  }

  /// - Parameter mounts: proc(5), `/proc/PID/mountinfo`.
  static func remoteType(of path: String, _ mounts: String) -> String? {
    var found = (point: "", type: "")
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 4, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { continue }
      let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
      let point = escapes.reduce(String(fields[4])) { $0.replacing($1.0, with: $1.1) }
      // A later mount on the same point hides an earlier one.
      guard point.count >= found.point.count, path == point || path.hasPrefix(point == "/" ? "/" : point + "/") else { continue }
      found = (point, String(fields[dash + 1]))
    }
    let remote = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "fuse", "virtiofs", "vboxsf"]
    return remote.contains(found.type) || found.type.hasPrefix("fuse.") ? found.type : nil
  }
}
