#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which file is at a path: a file that replaces another has another identity.
public struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let inode: UInt64

  /// Nil when there is no file.
  public init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt64(truncatingIfNeeded: status.st_dev)
    inode = UInt64(truncatingIfNeeded: status.st_ino)
  }
}

/// Paths, and the folders on the way to them.
public enum FileSystem {
  /// `HOME`, else what the system knows of the user.
  public static var homeFolder: String {
    if let home = Environment["HOME"], !home.isEmpty { return home }
    return getpwuid(getuid())?.pointee.pw_dir.map { String(cString: $0) } ?? ""
  }

  /// The path without links. The file need not exist, its folder must; else the path itself.
  public static func resolved(_ path: String) -> String {
    if let real = realPath(path) { return real }
    let (folder, name) = split(path)
    guard let parent = realPath(folder) else { return path }
    return (parent == "/" ? "" : parent) + "/" + name
  }

  private static func realPath(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  public static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  /// Creates a folder, and those above it, for this user only (0700). Existing ones keep their modes.
  ///
  /// - Throws: the error's `function` names the folder.
  public static func makeFolder(_ folder: String) throws(SystemError) {
    guard mkdir(folder, 0o700) != 0, Errno.current != .fileExists else { return }
    guard Errno.current == .noSuchFileOrDirectory, folder.contains("/"), split(folder).folder != folder else { throw SystemError(folder) }
    try makeFolder(split(folder).folder)
    guard mkdir(folder, 0o700) == 0 || Errno.current == .fileExists else { throw SystemError(folder) }
  }
}

extension FileSystem {
  /// Removes a file or a link. A failure counts as success.
  public static func remove(_ path: String) { unlink(path) }
}

// MARK: Small files beside another one

extension FileDescriptor {
  /// Opens a file beside another one, created for this user only. A link at the path is not followed.
  public static func openSidecar(_ path: String) throws(SystemError) -> FileDescriptor {
    let number = systemOpen(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW)
    if number < 0 { throw SystemError("open \(path)") }
    return FileDescriptor(rawValue: number)
  }

  /// Creates a file for this user only.
  ///
  /// - Returns: false if something is there already.
  public static func createFile(_ path: String) throws(SystemError) -> Bool {
    let number = systemOpen(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC)
    if number < 0 {
      if Errno.current == .fileExists { return false }
      throw SystemError(path)
    }
    try? FileDescriptor(rawValue: number).close()
    return true
  }

  /// Overwrites the first byte, which changes the time of modification.
  public func touch() { systemPwrite(rawValue, 1) }

  /// Seconds since the file was modified; nil while it is empty. Below zero after the clock was set back.
  public var secondsSinceModification: Double? {
    guard let status = systemStatus(rawValue), status.st_size > 0 else { return nil }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    return WallClock.now - (Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
  }

  /// Takes the file's lock; the kernel releases it when its holder dies.
  ///
  /// - Returns: false if another process holds it and `waits` is false.
  public func lock(waits: Bool) -> Bool { flock(rawValue, LOCK_EX | (waits ? 0 : LOCK_NB)) == 0 }

  /// Closing is not enough: a child that another thread starts shares the lock until it executes its program.
  public func unlockAndClose() {
    flock(rawValue, LOCK_UN)
    try? close()
  }
}

// MARK: Whole files

/// A file that appears at its path only when it is complete.
public struct NewFile: Sendable {
  private let path: String
  private let draft: String
  private let replacing: Bool
  private let descriptor: FileDescriptor

  /// - Parameters:
  ///   - replacing: whether it may take the place of another file.
  ///   - permissions: of the new file.
  /// - Throws: `.fileExists` if it may not.
  public init(_ path: String, replacing: Bool, permissions: FilePermissions = .ownerReadWrite) throws(SystemError) {
    self.path = path
    self.replacing = replacing
    draft = "\(path).partial-\(getpid())"
    var status = stat()
    if !replacing, lstat(path, &status) == 0 { throw SystemError("create \(path)", .fileExists) }
    let number = systemOpen(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
    if number < 0 { throw SystemError("create \(draft)") }
    descriptor = FileDescriptor(rawValue: number)
    // Whatever the umask is.
    fchmod(number, permissions.rawValue)
  }

  public func write(_ bytes: some Collection<UInt8>) throws(SystemError) { try descriptor.writeCompletely(bytes) }

  /// Puts the file in its place.
  ///
  /// - Throws: `.fileExists` if another file has come there and must not be replaced. Call ``discard()`` then.
  public func finish() throws(SystemError) {
    guard fsync(descriptor.rawValue) == 0 || Errno.current == .invalidArgument else { throw SystemError("fsync \(draft)") }
    if replacing {
      guard rename(draft, path) == 0 else { throw SystemError("rename \(draft)") }
    } else {
      // Unlike rename(2), link(2) never replaces a file.
      guard link(draft, path) == 0 else { throw SystemError("link \(path)") }
      unlink(draft)
    }
    try? descriptor.close()
  }

  public func discard() {
    unlink(draft)
    try? descriptor.close()
  }

  /// Writes a file whole or not at all.
  public static func write(
    _ bytes: some Collection<UInt8>, to path: String, replacing: Bool, permissions: FilePermissions = .ownerReadWrite
  ) throws(SystemError) {
    let file = try NewFile(path, replacing: replacing, permissions: permissions)
    do throws(SystemError) {
      try file.write(bytes)
      try file.finish()
    } catch {
      file.discard()
      throw error
    }
  }

  /// A file for this process only, which ends with its descriptor.
  public static func temporary(in folder: String) throws(SystemError) -> FileDescriptor {
    var template = Array("\(folder)/cowork-XXXXXX".utf8CString)
    let file = try FileDescriptor.create("mkstemp \(folder)") { mkstemp(&template) }
    unlink(template)
    return file
  }
}
