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

  /// inotify(7) on the folder, which survives that any file in it is deleted and made again, and on the doorbell by itself, so that it can be
  /// awaited without being woken by each page that is written to the log.
  final class FolderEventSource {
    /// To be awaited with poll(2); -1 while there is no doorbell. Until there is, the folder tells of it.
    var bell: Int32 { watchedBell == nil ? -1 : bellEvents }
    /// To be awaited with poll(2).
    let folder: Int32
    /// The folder is gone: nothing more will come.
    private(set) var isLost = false
    private let bellEvents: Int32
    private var watchedBell: Int32?
    private let path: String
    private let database: String
    private var buffer = [UInt8](repeating: 0, count: 16 * 1024)

    /// Nil when the system refuses (too many watches): the other layers do the work.
    init?(database path: String) {
      let (folderPath, name) = StorePath.split(path)
      let descriptors = [inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC)), inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))]
      let mask = UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM)
      guard descriptors.allSatisfy({ $0 >= 0 }), inotify_add_watch(descriptors[0], folderPath, mask) >= 0 else {
        for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
        return nil
      }
      (folder, bellEvents) = (descriptors[0], descriptors[1])
      self.path = Doorbell(database: path).path
      database = name
      watchBell()
    }

    deinit {
      close(folder)
      close(bellEvents)
    }

    private func watchBell() {
      let mask = UInt32(IN_MODIFY) | UInt32(IN_ATTRIB) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)
      let watch = inotify_add_watch(bellEvents, path, mask)
      if let watchedBell, watchedBell != watch { inotify_rm_watch(bellEvents, watchedBell) }
      watchedBell = watch >= 0 ? watch : nil
    }

    /// Whether the doorbell was rung, or may have been while it was replaced.
    func drainBell() -> Bool {
      var isReplaced = false
      let isRung = drain(bellEvents) { event, _ in
        if event.mask & UInt32(IN_MODIFY) == 0, event.wd == watchedBell || event.wd < 0 { isReplaced = true }
      }
      if isReplaced { watchBell() }
      return isRung
    }

    /// Takes the events that have come.
    func drainFolder() -> FolderEvents {
      var events: FolderEvents = []
      let hadBell = watchedBell != nil
      drain(folder) { event, name in
        let removed = event.mask & (UInt32(IN_DELETE) | UInt32(IN_MOVED_FROM)) != 0
        if event.mask & UInt32(IN_IGNORED) != 0 { isLost = true }
        let overflowed = event.mask & UInt32(IN_Q_OVERFLOW) != 0
        var seen = overflowed ? [.database, .doorbell] : FolderEvents.of(file: name, removed: removed, database: database)
        // Ringing a doorbell that is watched is told by its own descriptor.
        if hadBell, event.mask & UInt32(IN_MODIFY) != 0 { seen.remove(.doorbell) }
        events.formUnion(seen)
      }
      // It was made, or another one took its place.
      if events.contains(.doorbell) { watchBell() }
      return events
    }

    /// - Returns: whether there was any event.
    @discardableResult
    private func drain(_ descriptor: Int32, _ take: (inotify_event, String) -> Void) -> Bool {
      var isAny = false
      while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return isAny }
        isAny = true
        buffer.withUnsafeBytes { bytes in
          var offset = 0
          let header = MemoryLayout<inotify_event>.size
          while offset + header <= count {
            let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            let name = bytes[(offset + header)..<(offset + header + Int(event.len))].prefix { $0 != 0 }
            take(event, String(decoding: name, as: UTF8.self))
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
    let bell: Int32
    /// The folder is not watched.
    let folder: Int32 = -1
    /// Never: the doorbell is made anew when it is gone.
    let isLost = false
    private let path: String
    private var file: Int32 = -1

    init?(database path: String) {
      let bell = kqueue()
      guard bell >= 0 else { return nil }
      self.bell = bell
      self.path = Doorbell(database: path).path
      watchBell()
    }

    deinit {
      if file >= 0 { close(file) }
      close(bell)
    }

    private func watchBell() {
      if file >= 0 { close(file) }
      file = open(path, O_EVTONLY | O_CREAT | O_CLOEXEC, 0o600)
      guard file >= 0 else { return }
      var change = kevent(
        ident: UInt(file), filter: Int16(EVFILT_VNODE), flags: UInt16(EV_ADD | EV_CLEAR),
        fflags: UInt32(NOTE_WRITE | NOTE_EXTEND | NOTE_DELETE | NOTE_RENAME), data: 0, udata: nil)
      kevent(bell, &change, 1, nil, 0, nil)
    }

    func drainFolder() -> FolderEvents { [] }

    /// Whether the doorbell was rung, or may have been while it was replaced.
    func drainBell() -> Bool {
      var isRung = false
      var event = kevent()
      var none = timespec()
      while kevent(bell, nil, 0, &event, 1, &none) > 0 {
        isRung = true
        if event.fflags & UInt32(NOTE_DELETE | NOTE_RENAME) != 0 { watchBell() }
      }
      return isRung
    }
  }
#endif
