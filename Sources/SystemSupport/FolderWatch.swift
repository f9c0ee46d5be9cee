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

  #if os(Linux)
    /// The folder is gone: no more events will come.
    public private(set) var isLost = false

    /// - Parameter path: of the file.
    /// - Throws: when the system has no watches left.
    public init(path: String) throws(SystemError) {
      self.path = path
      descriptor = try FileDescriptor.create("inotify_init1") { inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC)) }
      let mask = UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM)
      // Where this fails, deinit closes the descriptor.
      if inotify_add_watch(descriptor.rawValue, FileSystem.split(path).folder, mask) < 0 { throw SystemError("inotify_add_watch") }
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
    public let isLost = false
    private var watched: Int32 = -1

    public init(path: String) throws(SystemError) {
      self.path = path
      descriptor = try FileDescriptor.create("kqueue") { kqueue() }
      watchFile()
    }

    deinit {
      if watched >= 0 { close(watched) }
      try? descriptor.close()
    }

    /// Watches the file that is at the path now.
    private func watchFile() {
      if watched >= 0 { close(watched) }
      watched = open(path, O_EVTONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard watched >= 0 else { return }
      var change = kevent(
        ident: UInt(watched), filter: Int16(EVFILT_VNODE), flags: UInt16(EV_ADD | EV_CLEAR),
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
