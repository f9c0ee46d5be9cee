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

  /// The layer that an event of a file in the folder belongs to.
  ///
  /// A rollback journal is created and filled long before the commit; its removal is the commit.
  static func ofEvent(of file: String, removed: Bool, database: String) -> WakeLayers {
    switch file {
    case database + "-doorbell": removed ? [] : .doorbell
    case database, database + "-wal": .folder
    case database + "-journal": removed ? .folder : []
    default: []
    }
  }
}
