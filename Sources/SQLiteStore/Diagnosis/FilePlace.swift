import Bridge
import Foundation
import SystemSupport

/// Checks the place of a database file: permissions, owner, disk.
struct FilePlace {
  /// Without symbolic links.
  let path: String

  var exists: Bool { FileSystem.allows(path) }
  private var folder: String { FileSystem.split(path).folder }

  /// The folder, or its nearest existing parent.
  private var nearestFolder: String {
    var folder = folder
    while !FileSystem.allows(folder), FileSystem.split(folder).folder != folder { folder = FileSystem.split(folder).folder }
    return folder
  }

  func findings() -> [Finding] { (exists ? [rights] : []) + setAside + [disk, fileSystem] }

  /// The logs of other files that were at the path.
  private var setAside: [Finding] {
    let prefix = FileSystem.split(SidecarFiles.setAside(path)).name
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasPrefix(prefix) }.sorted()
    guard !names.isEmpty else { return [] }
    return [
      Finding(
        .warning, "log", "Logs of other database files were set aside: \(names.map { "\(folder)/\($0)" }.joined(separator: ", ")).",
        advice: "If the database was restored on purpose, remove them; they hold what was written last to the file before.")
    ]
  }

  /// The finding if the file does not exist yet.
  var absence: Finding {
    FileSystem.allows(nearestFolder, writing: true)
      ? Finding(.ok, "store", "\(path) does not exist yet: the first server or command creates it.")
      : Finding(
        .failure, "store", "\(path) does not exist, and cannot be created in \(nearestFolder).",
        advice: "Fix the permissions of that folder, or choose another path with --database-url.")
  }

  private var rights: Finding {
    let subject = "rights"
    guard FileSystem.allows(path, reading: true, writing: true), FileSystem.allows(folder, writing: true, entering: true),
      let file = FileRights(path: path), let place = FileRights(path: folder)
    else {
      return Finding(
        .failure, subject, "This user has no permission to read and write \(path) and its folder.",
        advice: "Give them to yourself: sudo chown -R \"$USER\" \(folder)")
    }
    guard file.isMine else {
      return Finding(
        .warning, subject, "\(path) belongs to another user (number \(file.owner)), who can read and change everything.",
        advice: "If that is not meant: sudo chown \"$USER\" \(path)")
    }
    let (fileMode, folderMode) = (String(format: "%04o", file.mode), String(format: "%04o", place.mode))
    if file.mode & 0o077 != 0 {
      return Finding(.warning, subject, "Others may use the file: its mode is \(fileMode).", advice: "chmod 600 \(path) \(path)-*")
    }
    if place.mode & 0o022 != 0, place.mode & 0o1000 == 0 {
      return Finding(
        .warning, subject, "Others may put another file in its place: the folder's mode is \(folderMode).", advice: "chmod 700 \(folder)")
    }
    return Finding(.ok, subject, "Only you can read and write it (file \(fileMode), folder \(folderMode)).")
  }

  private var disk: Finding {
    let free: UInt64
    do throws(SystemError) { free = try FileSystem.freeSpace(of: nearestFolder) >> 20 } catch {
      return Finding(.warning, "disk", "The free space of \(nearestFolder) is unknown: \(error.code).")
    }
    let log = (FileRights(path: path + "-wal")?.size ?? 0) >> 20
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
    guard let name = FileSystem.remoteType(of: nearestFolder) else {
      return Finding(.ok, "file system", "\(nearestFolder) is on this machine.")
    }
    return Finding(
      .warning, "file system", "\(nearestFolder) is on \(name), where SQLite's locks and wake-ups are not reliable.",
      advice: "Use a folder of this machine, and Postgres to connect machines.")
  }
}
