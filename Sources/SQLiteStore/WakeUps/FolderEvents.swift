import SystemSupport

/// The ways in which a process learns of another one's writes to the file. Each alone is late or blind.
public struct WakeLayers: OptionSet, Sendable, Hashable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// A small file beside the database, which this program writes to after each commit.
  public static let doorbell = WakeLayers(rawValue: 1)
  /// Events of the folder, each followed by repeated checks: with `synchronous=FULL` the event of the log precedes the visible commit.
  /// On Linux only.
  public static let folder = WakeLayers(rawValue: 2)
  /// Asking for `PRAGMA data_version` at intervals.
  public static let poll = WakeLayers(rawValue: 4)

  public static let all: WakeLayers = [.doorbell, .folder, .poll]
}

/// What happened in the folder of a database.
struct FolderEvents: OptionSet, Sendable {
  let rawValue: Int

  /// The doorbell was rung: a commit is visible.
  static let doorbell = FolderEvents(rawValue: 1)
  /// A file of the database changed: a commit is or will soon be visible.
  static let database = FolderEvents(rawValue: 2)

  /// What an event of a file means.
  ///
  /// A rollback journal is created and filled long before the commit; its removal is the commit.
  static func of(file: String, removed: Bool, database: String) -> FolderEvents {
    switch file {
    case database + "-doorbell": removed ? [] : .doorbell
    case database, database + "-wal": .database
    case database + "-journal": removed ? .database : []
    default: []
    }
  }
}

extension FolderWatch {
  /// Takes the events of the folder around a database, whose doorbell is the watched file.
  func drain(database: String) -> FolderEvents {
    var events: FolderEvents = []
    let hadBell = file != nil
    drainFolder { event in
      var seen: FolderEvents =
        event.isOverflow ? [.database, .doorbell] : .of(file: event.name, removed: event.isRemoved, database: database)
      // The doorbell's own descriptor tells of its ringing.
      if hadBell, event.isModified { seen.remove(.doorbell) }
      events.formUnion(seen)
    }
    // The doorbell was created or replaced.
    if events.contains(.doorbell) { watchFile() }
    return events
  }
}
