import Foundation
import Synchronization

// MARK: Small files beside another one

extension FileDescriptor {
  /// Opens a small file of ours, created for this user only. A link at the path is not followed, and nothing is waited for.
  public static func openSidecar(_ path: String) throws(SystemError) -> FileDescriptor {
    var number = Foundation.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    if number < 0, Errno.current == .noSuchFileOrDirectory {
      if let new = try createdFile(path) { return new }
      // Another process was faster.
      number = Foundation.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    }
    if number < 0 { throw SystemError("open \(path)") }
    let file = FileDescriptor(rawValue: number)
    var status = Foundation.stat()
    // A second link may be somebody's way to have another file changed.
    guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink <= 1 else {
      try? file.close()
      throw SystemError("open \(path)", .tooManySymbolicLinkLevels)
    }
    return file
  }

  /// The same beside a file whose users it is for: with the mode and the group of that file, which may have been mended since it was created.
  /// A link or a pipe in its place is removed.
  public static func openSidecar(_ path: String, of file: String) throws(SystemError) -> FileDescriptor {
    let sidecar: FileDescriptor
    do throws(SystemError) { sidecar = try openSidecar(path) } catch {
      var status = Foundation.stat()
      let isOther = lstat(path, &status) == 0 && (status.st_mode & S_IFMT != S_IFREG || status.st_nlink > 1)
      if isOther, unlink(path) != 0 { throw error }
      if !isOther { giveRights(of: file, to: path) }
      sidecar = try openSidecar(path)
    }
    sidecar.adoptRights(of: file)
    return sidecar
  }

  /// Gives a file of this user that lies beside another one the mode and the group of that one.
  public static func giveRights(of file: String, to path: String) {
    guard let rights = FileRights(path: path), rights.isMine, rights.mode & 0o777 != FileRights(path: file)?.mode else { return }
    guard let other = try? open(path, .readOnly, options: [.closeOnExec, .noFollow, .nonBlocking]) else { return }
    other.adoptRights(of: file)
    try? other.close()
  }

  /// As far as this user may. Not those of a file whose owner may not read it: once that is mended, this one could not be opened to be mended.
  fileprivate func adoptRights(of path: String) {
    var own = Foundation.stat()
    guard let model = FileSystem.status(path), model.st_mode & S_IRUSR != 0, fstat(rawValue, &own) == 0 else { return }
    if geteuid() == 0, own.st_uid != model.st_uid { _ = fchown(rawValue, model.st_uid, model.st_gid) }
    if own.st_gid != model.st_gid { _ = fchown(rawValue, uid_t.max, model.st_gid) }
    if own.st_mode & 0o777 != model.st_mode & 0o777 { fchmod(rawValue, model.st_mode & 0o777) }
  }

  /// Opens what is there, such as a pipe, and creates nothing.
  public static func openForWriting(_ path: String) throws(SystemError) -> FileDescriptor {
    try create("open \(path)") { Foundation.open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY) }
  }

  /// Creates a file for this user only, whatever the umask is.
  ///
  /// - Returns: false if something is there already.
  public static func createFile(_ path: String) throws(SystemError) -> Bool {
    guard let file = try createdFile(path) else { return false }
    try? file.close()
    return true
  }

  /// Nil if something is there already.
  static func createdFile(_ path: String, permissions: FilePermissions = .ownerReadWrite) throws(SystemError) -> FileDescriptor? {
    let number = Foundation.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, permissions.rawValue)
    if number < 0 {
      if Errno.current == .fileExists { return nil }
      throw SystemError(path)
    }
    // A umask may keep rights back from the owner, too.
    fchmod(number, permissions.rawValue)
    return FileDescriptor(rawValue: number)
  }

  /// Overwrites the first byte, which changes the time of modification.
  public func touch() { _ = [UInt8(1)].withUnsafeBytes { Foundation.pwrite(rawValue, $0.baseAddress, 1, 0) } }

  /// Seconds since the file was modified; nil while it is empty. Below zero after the clock was set back.
  public var secondsSinceModification: Double? {
    var status = Foundation.stat()
    guard fstat(rawValue, &status) == 0, status.st_size > 0 else { return nil }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    return WallClock.now - (Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
  }

  /// Takes the file's lock; the kernel releases it when its holder dies.
  ///
  /// - Returns: false if another process holds it.
  public func lock() -> Bool { flock(rawValue, LOCK_EX | LOCK_NB) == 0 }

  /// Closing is not enough: a child that another thread starts shares the lock until it executes its program.
  public func unlockAndClose() {
    flock(rawValue, LOCK_UN)
    try? close()
  }

  /// Runs a body while this process holds the lock of a file beside another one.
  ///
  /// - Parameter limit: how long to wait for another process that holds the lock.
  /// - Returns: nil if another process holds it, or if the file cannot be created.
  public static func withLock<Value>(
    _ path: String, of file: String, waitingFor limit: Duration = .zero, _ body: (FileDescriptor) throws -> Value
  ) rethrows -> Value? {
    guard let lock = try? openSidecar(path, of: file) else { return nil }
    defer { lock.unlockAndClose() }
    return try lock.lock(waitingFor: limit) ? body(lock) : nil
  }

  /// Runs a body while this process holds the lock of a folder, which needs no file; without it where it cannot be had within a limit, or at all.
  public static func withLock<Value>(ofFolder folder: String, waitingFor limit: Duration, _ body: () throws -> Value) rethrows -> Value {
    let lock = try? open(folder, .readOnly, options: [.closeOnExec, .directory])
    defer { lock?.unlockAndClose() }
    _ = lock?.lock(waitingFor: limit)
    return try body()
  }

  private func lock(waitingFor limit: Duration) -> Bool {
    let deadline = ContinuousClock.now + limit
    // The system's own waiting has no limit, and a holder may be stopped.
    while !lock() {
      // Some file systems have no locks.
      if ![.resourceTemporarilyUnavailable, .interrupted].contains(Errno.current) || ContinuousClock.now >= deadline { return false }
      usleep(2_000)
    }
    return true
  }

  /// Some bytes of a file; nil where it cannot be read.
  public func read(upTo count: Int, at offset: Int64) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    let read = bytes.withUnsafeMutableBytes { Foundation.pread(rawValue, $0.baseAddress, $0.count, off_t(offset)) }
    return read < 0 ? nil : Array(bytes.prefix(read))
  }

  /// Makes these bytes the whole contents of a small file.
  public func replaceContents(by bytes: [UInt8]) {
    let written = bytes.withUnsafeBytes { Foundation.pwrite(rawValue, $0.baseAddress, $0.count, 0) }
    ftruncate(rawValue, off_t(max(written, 0)))
  }
}

/// A share of a file's lock, for as long as it exists: others can share it, and see that the lock is not free.
public final class SharedLock: Sendable {
  private let file: FileDescriptor

  /// Nil if the lock is held, or if the file cannot be created.
  public init?(_ path: String, of model: String) {
    guard let file = try? FileDescriptor.openSidecar(path, of: model) else { return nil }
    self.file = file
    if flock(file.rawValue, LOCK_SH | LOCK_NB) != 0 { return nil }
  }

  deinit { file.unlockAndClose() }
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
  /// - Throws: `.fileExists` if it may not. Only a file is ever replaced.
  public init(_ path: String, replacing: Bool, permissions: FilePermissions = .ownerReadWrite) throws(SystemError) {
    self.path = path
    self.replacing = replacing
    draft = "\(path).partial-\(getpid())"
    var status = Foundation.stat()
    if !replacing, lstat(path, &status) == 0 { throw SystemError("create \(path)", .fileExists) }
    if FileSystem.otherKind(path) != nil { throw SystemError("create \(path)", .fileExists) }
    guard let descriptor = try FileDescriptor.createdFile(draft, permissions: permissions) else {
      throw SystemError("create \(draft)", .fileExists)
    }
    self.descriptor = descriptor
  }

  public func write(_ bytes: some Collection<UInt8>) throws(SystemError) { try descriptor.writeCompletely(bytes) }

  /// Gives it the owner, the group and the mode of another file, as far as this user may.
  public func adoptRights(of path: String) { descriptor.adoptRights(of: path) }

  /// Puts the file in its place.
  ///
  /// - Throws: `.fileExists` if another file has come there and must not be replaced. Call ``discard()`` then.
  public func finish() throws(SystemError) { try finish(linking: { link($0, $1) }) }

  func finish(linking: (String, String) -> Int32) throws(SystemError) {
    guard fsync(descriptor.rawValue) == 0 || Errno.current == .invalidArgument else { throw SystemError("fsync \(draft)") }
    if replacing {
      guard rename(draft, path) == 0 else { throw SystemError("rename \(draft)") }
    } else {
      // Unlike rename(2), link(2) never replaces a file. Where a file system has no links, as exFAT, an empty file keeps the place.
      if linking(draft, path) == 0 {
        unlink(draft)
      } else {
        guard Errno.current != .fileExists, try FileDescriptor.createFile(path) else { throw SystemError("link \(path)", .fileExists) }
        guard rename(draft, path) == 0 else { throw SystemError("rename \(draft)") }
      }
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

/// A small file beside another one that is often touched. It stays open while it is the one at its path, and the other one's rights are the same.
public final class KeptSidecar: Sendable {
  private struct Rights: Equatable {
    let (owner, group, mode): (UInt32, UInt32, UInt32)

    init?(of path: String) {
      guard let status = FileSystem.status(path) else { return nil }
      (owner, group, mode) = (status.st_uid, status.st_gid, UInt32(status.st_mode))
    }
  }

  private let path: String
  private let model: String
  private let kept = Mutex<(file: FileDescriptor, identity: FileIdentity?, rights: Rights?)?>(nil)

  public init(_ path: String, of model: String) { (self.path, self.model) = (path, model) }

  deinit { if let kept = kept.withLock({ $0 }) { try? kept.file.close() } }

  /// - Throws: when it cannot be opened.
  public func touch() throws(SystemError) {
    try kept.withLock { kept throws(SystemError) in
      let rights = Rights(of: model)
      if let kept, kept.rights == rights, kept.identity == FileIdentity(path: path) { return kept.file.touch() }
      if let old = kept.take() { try? old.file.close() }
      let file = try FileDescriptor.openSidecar(path, of: model)
      kept = (file, FileIdentity(of: file), rights)
      file.touch()
    }
  }
}
