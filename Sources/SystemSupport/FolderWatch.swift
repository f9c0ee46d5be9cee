import Foundation

/// Events of a file and, on Linux, of the others in its folder.
///
/// Linux: inotify(7) on the folder, which survives that any file in it is deleted and created again. Darwin: kqueue(2) on the file only, which
/// is created if missing: a descriptor on a file of a database, once closed, would drop SQLite's own locks.
public final class FolderWatch {
  public struct Event: Sendable {
    /// The name of the file that was created, changed, removed or renamed.
    public let name: String
    public var isRemoved = false
    /// Events were lost, of any file.
    public var isOverflow = false
  }

  /// To be waited for.
  public let descriptor: FileDescriptor
  private let path: String
  /// What is watched, and the path where it was.
  private var watched: (path: String, file: FileIdentity?)
  /// It is gone, and no more events will come. Its inode may be another folder's by now.
  private var isLost = false

  /// False when another one is at the path, because the folder or one above it was removed or moved.
  public var isCurrent: Bool { !isLost && watched.file != nil && watched.file == FileIdentity(path: watched.path) }

  #if os(Linux)
    /// - Parameter path: of the file.
    /// - Throws: when the system has no watches left.
    public init(path: String) throws(SystemError) {
      self.path = path
      let folder = FileSystem.split(path).folder
      watched = (folder, FileIdentity(path: folder))
      descriptor = try FileDescriptor.create("inotify_init1") { inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC)) }
      let mask = [IN_MODIFY, IN_CREATE, IN_DELETE, IN_MOVED_TO, IN_MOVED_FROM, IN_MOVE_SELF, IN_DELETE_SELF].reduce(0) { $0 | UInt32($1) }
      // Where this fails, deinit closes the descriptor.
      if inotify_add_watch(descriptor.rawValue, folder, mask) < 0 { throw SystemError("inotify_add_watch") }
    }

    deinit { try? descriptor.close() }

    /// Takes the events that have come.
    public func drain() -> [Event] {
      let header = MemoryLayout<inotify_event>.size
      var events: [Event] = []
      while let bytes = try? descriptor.readSome(upTo: 4096), !bytes.isEmpty {
        bytes.withUnsafeBytes { bytes in
          var start = 0
          while start + header <= bytes.count {
            let event = bytes.loadUnaligned(fromByteOffset: start, as: inotify_event.self)
            let name = bytes[(start + header)..<(start + header + Int(event.len))].prefix { $0 != 0 }
            func has(_ flags: UInt32...) -> Bool { flags.contains { event.mask & $0 != 0 } }
            if has(UInt32(IN_IGNORED)) { isLost = true }
            events.append(
              Event(
                name: String(decoding: name, as: UTF8.self), isRemoved: has(UInt32(IN_DELETE), UInt32(IN_MOVED_FROM)),
                isOverflow: has(UInt32(IN_Q_OVERFLOW))))
            start += header + Int(event.len)
          }
        }
      }
      return events
    }
  #else
    private var opened: Int32 = -1

    public init(path: String) throws(SystemError) {
      self.path = path
      watched = (path, nil)
      descriptor = try FileDescriptor.create("kqueue") { kqueue() }
      watchFile()
    }

    deinit {
      if opened >= 0 { close(opened) }
      try? descriptor.close()
    }

    /// Watches the file that is at the path now.
    private func watchFile() {
      if opened >= 0 { close(opened) }
      _ = try? FileDescriptor.createFile(path)
      opened = open(path, O_EVTONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      watched.file = opened >= 0 ? FileIdentity(path: path) : nil
      guard opened >= 0 else { return }
      var change = kevent(
        ident: UInt(opened), filter: Int16(EVFILT_VNODE), flags: UInt16(EV_ADD | EV_CLEAR),
        fflags: UInt32(NOTE_WRITE | NOTE_EXTEND | NOTE_DELETE | NOTE_RENAME), data: 0, udata: nil)
      kevent(descriptor.rawValue, &change, 1, nil, 0, nil)
    }

    public func drain() -> [Event] {
      var events: [Event] = []
      var event = kevent()
      var none = timespec()
      while kevent(descriptor.rawValue, nil, 0, &event, 1, &none) > 0 {
        events.append(Event(name: FileSystem.split(path).name))
        if event.fflags & UInt32(NOTE_DELETE | NOTE_RENAME) != 0 { watchFile() }
      }
      return events
    }
  #endif
}
