#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Events of one file, and on Linux of the folder around it.
///
/// Linux: inotify(7) on the folder, which survives that any file in it is deleted and created again; the file has a descriptor of its own, so
/// that it can be waited for without waking at each write to another file of the folder. Darwin: kqueue(2) on the file only, which is
/// created if missing.
public final class FolderWatch {
  /// What happened to a file of the folder.
  public struct Event: Sendable {
    public let name: String
    public let isRemoved: Bool
    public let isModified: Bool
    /// Events were lost, of any file.
    public let isOverflow: Bool
  }

  private let path: String

  #if os(Linux)
    /// To be waited for; nil while the file does not exist. Until then its appearance is an event of the folder.
    public var file: FileDescriptor? { fileWatch == nil ? nil : fileEvents }
    /// To be waited for.
    public let folder: FileDescriptor?
    /// The folder is gone: no more events will come.
    public private(set) var isLost = false
    private let fileEvents: FileDescriptor
    private var fileWatch: Int32?
    private var buffer = [UInt8](repeating: 0, count: 16 * 1024)

    /// - Parameter path: of the file.
    /// - Throws: when the system has no watches left.
    public init(path: String) throws(SystemError) {
      self.path = path
      let flags = Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC)
      let folder = try FileDescriptor.create("inotify_init1") { inotify_init1(flags) }
      do throws(SystemError) {
        fileEvents = try FileDescriptor.create("inotify_init1") { inotify_init1(flags) }
      } catch {
        try? folder.close()
        throw error
      }
      self.folder = folder
      let mask = UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM)
      // Where this fails, deinit closes both.
      if inotify_add_watch(folder.rawValue, FileSystem.split(path).folder, mask) < 0 { throw SystemError("inotify_add_watch") }
      watchFile()
    }

    deinit {
      try? folder?.close()
      try? fileEvents.close()
    }

    /// Watches the file that is at the path now.
    public func watchFile() {
      let mask = UInt32(IN_MODIFY) | UInt32(IN_ATTRIB) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)
      let watch = inotify_add_watch(fileEvents.rawValue, path, mask)
      if let fileWatch, fileWatch != watch { inotify_rm_watch(fileEvents.rawValue, fileWatch) }
      fileWatch = watch >= 0 ? watch : nil
    }

    /// Takes the events of the file.
    ///
    /// - Returns: whether it was modified, or may have been while it was replaced.
    public func drainFile() -> Bool {
      var isAny = false
      var isReplaced = false
      drain(fileEvents) { event, _ in
        isAny = true
        if event.mask & UInt32(IN_MODIFY) == 0, event.wd == fileWatch || event.wd < 0 { isReplaced = true }
      }
      if isReplaced { watchFile() }
      return isAny
    }

    /// Takes the events of the folder.
    public func drainFolder(_ take: (Event) -> Void) {
      guard let folder else { return }
      drain(folder) { event, name in
        func has(_ flags: UInt32...) -> Bool { flags.contains { event.mask & $0 != 0 } }
        if has(UInt32(IN_IGNORED)) { isLost = true }
        take(
          Event(
            name: name, isRemoved: has(UInt32(IN_DELETE), UInt32(IN_MOVED_FROM)), isModified: has(UInt32(IN_MODIFY)),
            isOverflow: has(UInt32(IN_Q_OVERFLOW))))
      }
    }

    private func drain(_ descriptor: FileDescriptor, _ take: (inotify_event, String) -> Void) {
      let header = MemoryLayout<inotify_event>.size
      while let count = try? buffer.withUnsafeMutableBytes({ try descriptor.read(into: $0) }), count > 0 {
        buffer.withUnsafeBytes { bytes in
          var offset = 0
          while offset + header <= count {
            let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            let name = bytes[(offset + header)..<(offset + header + Int(event.len))].prefix { $0 != 0 }
            take(event, String(decoding: name, as: UTF8.self))
            offset += header + Int(event.len)
          }
        }
      }
    }
  #else
    /// To be waited for.
    public var file: FileDescriptor? { queue }
    /// Darwin does not watch the folder: a descriptor on a file of a database, once closed, would drop SQLite's own locks.
    public let folder: FileDescriptor? = nil
    public let isLost = false
    private let queue: FileDescriptor
    private var watched: Int32 = -1

    public init(path: String) throws(SystemError) {
      self.path = path
      queue = try FileDescriptor.create("kqueue") { kqueue() }
      watchFile()
    }

    deinit {
      if watched >= 0 { close(watched) }
      try? queue.close()
    }

    public func watchFile() {
      if watched >= 0 { close(watched) }
      watched = open(path, O_EVTONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard watched >= 0 else { return }
      var change = kevent(
        ident: UInt(watched), filter: Int16(EVFILT_VNODE), flags: UInt16(EV_ADD | EV_CLEAR),
        fflags: UInt32(NOTE_WRITE | NOTE_EXTEND | NOTE_DELETE | NOTE_RENAME), data: 0, udata: nil)
      kevent(queue.rawValue, &change, 1, nil, 0, nil)
    }

    public func drainFolder(_ take: (Event) -> Void) {}

    public func drainFile() -> Bool {
      var isAny = false
      var event = kevent()
      var none = timespec()
      while kevent(queue.rawValue, nil, 0, &event, 1, &none) > 0 {
        isAny = true
        if event.fflags & UInt32(NOTE_DELETE | NOTE_RENAME) != 0 { watchFile() }
      }
      return isAny
    }
  #endif
}
