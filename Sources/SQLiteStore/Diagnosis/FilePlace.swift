import Bridge
import Foundation
import SystemSupport

/// Checks the place of a database file: permissions, owner, disk.
struct FilePlace {
  /// Without symbolic links.
  let path: String

  var exists: Bool { access(path, F_OK) == 0 }
  var folder: String { FileSystem.split(path).folder }

  /// The folder, or its nearest existing parent.
  var nearestFolder: String {
    var folder = folder
    while access(folder, F_OK) != 0, FileSystem.split(folder).folder != folder { folder = FileSystem.split(folder).folder }
    return folder
  }

  func findings() -> [Finding] { (exists ? [rights] : []) + [disk, fileSystem] }

  /// The finding if the file does not exist yet.
  var absence: Finding {
    access(nearestFolder, W_OK) == 0
      ? Finding(.ok, "store", "\(path) does not exist yet: the first server or command creates it.")
      : Finding(
        .failure, "store", "\(path) does not exist, and cannot be created in \(nearestFolder).",
        advice: "Fix the permissions of that folder, or choose another path with --database-url.")
  }

  private var rights: Finding {
    let subject = "rights"
    guard access(path, R_OK | W_OK) == 0, access(folder, W_OK | X_OK) == 0 else {
      return Finding(
        .failure, subject, "This user has no permission to read and write \(path) and its folder.",
        advice: "Give them to yourself: sudo chown -R \"$USER\" \(folder)")
    }
    let (file, place) = (Self.status(path), Self.status(folder))
    if let file, file.st_uid != geteuid() {
      return Finding(
        .warning, subject, "\(path) belongs to another user (number \(file.st_uid)), who can read and change everything.",
        advice: "If that is not meant: sudo chown \"$USER\" \(path)")
    }
    let (fileMode, folderMode) = (Self.mode(file), Self.mode(place))
    if fileMode & 0o077 != 0 {
      return Finding(
        .warning, subject, "Others may use the file: its mode is \(Self.octal(fileMode)).", advice: "chmod 600 \(path) \(path)-*")
    }
    if folderMode & 0o022 != 0, folderMode & 0o1000 == 0 {
      return Finding(
        .warning, subject, "Others may put another file in its place: the folder's mode is \(Self.octal(folderMode)).",
        advice: "chmod 700 \(folder)")
    }
    return Finding(.ok, subject, "Only you can read and write it (file \(Self.octal(fileMode)), folder \(Self.octal(folderMode))).")
  }

  private var disk: Finding {
    var info = statvfs()
    guard statvfs(nearestFolder, &info) == 0 else {
      return Finding(.warning, "disk", "The free space of \(nearestFolder) is unknown: \(String(cString: strerror(errno))).")
    }
    let free = (UInt64(info.f_bavail) * UInt64(info.f_frsize)) >> 20
    let log = UInt64(max(0, Self.status(path + "-wal").map { Int64($0.st_size) } ?? 0)) >> 20
    let found = "\(free) MB are free\(log > 0 ? "; the write-ahead log has \(log) MB" : "")."
    if free < 10 { return Finding(.failure, "disk", found, advice: "Free some space: messages cannot be stored.") }
    if free < 100 { return Finding(.warning, "disk", found, advice: "Free some space soon.") }
    if log > 256 {
      return Finding(.warning, "disk", found, advice: "A reader has been active for very long: end old sqlite3 sessions.")
    }
    return Finding(.ok, "disk", found)
  }

  /// Sharing a file between machines is not safe, and a change on another machine wakes nobody here.
  private var fileSystem: Finding {
    guard let name = remoteFileSystem else { return Finding(.ok, "file system", "\(nearestFolder) is on this machine.") }
    return Finding(
      .warning, "file system", "\(nearestFolder) is on \(name), where SQLite's locks and wake-ups are not reliable.",
      advice: "Use a folder of this machine, and Postgres to connect machines.")
  }

  #if os(Linux)
    private var remoteFileSystem: String? {
      guard let mounts = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8) else { return nil }
      return MountTable(mounts).remoteType(of: FileSystem.resolved(nearestFolder))
    }
  #else
    private var remoteFileSystem: String? {
      var info = statfs()
      guard statfs(nearestFolder, &info) == 0, info.f_flags & UInt32(MNT_LOCAL) == 0 else { return nil }
      return "a network file system"
    }
  #endif

  private static func status(_ path: String) -> stat? {
    var info = stat()
    return stat(path, &info) == 0 ? info : nil
  }

  private static func mode(_ info: stat?) -> UInt32 { info.map { UInt32($0.st_mode) & 0o7777 } ?? 0 }

  private static func octal(_ mode: UInt32) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
