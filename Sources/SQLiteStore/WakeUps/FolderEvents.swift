/// What has happened in the folder of a database since it was last asked.
struct FolderEvents: OptionSet, Sendable {
  let rawValue: Int

  /// The doorbell was rung: a commit is visible.
  static let doorbell = FolderEvents(rawValue: 1)
  /// A file of the database changed: a commit is or will soon be visible.
  static let database = FolderEvents(rawValue: 2)

  /// What an event on a file of the folder says.
  ///
  /// The making and filling of a rollback journal says nothing, since that comes long before the commit; its removal is the commit.
  static func of(file: String, removed: Bool, database: String) -> FolderEvents {
    switch file {
    case database + "-doorbell": removed ? [] : .doorbell
    case database, database + "-wal": .database
    case database + "-journal": removed ? .database : []
    default: []
    }
  }
}

#if os(Linux)
  #if canImport(Glibc)
    import Glibc
  #else
    import Musl
  #endif

  /// inotify(7) on the folder: it survives that any file in it is deleted and made again.
  final class FolderEventSource {
    /// To be awaited with poll(2).
    let descriptor: Int32
    /// The folder is gone: nothing more will come.
    private(set) var isLost = false
    private let database: String

    /// Nil when the system refuses (too many watches): the other layers do the work.
    init?(database path: String) {
      let (folder, name) = StorePath.split(path)
      let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
      guard descriptor >= 0 else { return nil }
      let mask = UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM)
      guard inotify_add_watch(descriptor, folder, mask) >= 0 else {
        close(descriptor)
        return nil
      }
      self.descriptor = descriptor
      self.database = name
    }

    deinit { close(descriptor) }

    /// Takes the events that have come.
    func drain() -> FolderEvents {
      var events: FolderEvents = []
      var buffer = [UInt8](repeating: 0, count: 16 * 1024)
      while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return events }
        buffer.withUnsafeBytes { bytes in
          var offset = 0
          let header = MemoryLayout<inotify_event>.size
          while offset + header <= count {
            let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            let nameBytes = bytes[(offset + header)..<(offset + header + Int(event.len))].prefix { $0 != 0 }
            let name = String(decoding: nameBytes, as: UTF8.self)
            let removed = event.mask & (UInt32(IN_DELETE) | UInt32(IN_MOVED_FROM)) != 0
            if event.mask & UInt32(IN_IGNORED) != 0 { isLost = true }
            let overflowed = event.mask & UInt32(IN_Q_OVERFLOW) != 0
            events.formUnion(overflowed ? .database : .of(file: name, removed: removed, database: database))
            offset += header + Int(event.len)
          }
        }
      }
    }
  }
#else
  import Darwin

  /// A kqueue(2) on the doorbell alone: a descriptor on a file of the database, once closed, would drop SQLite's own locks.
  final class FolderEventSource {
    /// To be awaited with poll(2).
    let descriptor: Int32
    /// Never: the doorbell is made anew when it is gone.
    let isLost = false
    private let path: String
    private var bell: Int32 = -1

    init?(database path: String) {
      let descriptor = kqueue()
      guard descriptor >= 0 else { return nil }
      self.descriptor = descriptor
      self.path = Doorbell(database: path).path
      watchBell()
    }

    deinit {
      if bell >= 0 { close(bell) }
      close(descriptor)
    }

    private func watchBell() {
      if bell >= 0 { close(bell) }
      bell = open(path, O_EVTONLY | O_CREAT | O_CLOEXEC, 0o600)
      guard bell >= 0 else { return }
      var change = kevent(
        ident: UInt(bell), filter: Int16(EVFILT_VNODE), flags: UInt16(EV_ADD | EV_CLEAR),
        fflags: UInt32(NOTE_WRITE | NOTE_EXTEND | NOTE_DELETE | NOTE_RENAME), data: 0, udata: nil)
      kevent(descriptor, &change, 1, nil, 0, nil)
    }

    /// Takes the events that have come.
    func drain() -> FolderEvents {
      var events: FolderEvents = []
      var event = kevent()
      var none = timespec()
      while kevent(descriptor, nil, 0, &event, 1, &none) > 0 {
        events.insert(.doorbell)
        if event.fflags & UInt32(NOTE_DELETE | NOTE_RENAME) != 0 { watchBell() }
      }
      return events
    }
  }
#endif
