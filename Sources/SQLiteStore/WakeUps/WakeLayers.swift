/// The ways by which a process learns that another one has written to the file. Each alone is too late or blind.
public struct WakeLayers: OptionSet, Sendable, Hashable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// A small file beside the database that our own processes write to after each commit.
  public static let doorbell = WakeLayers(rawValue: 1)
  /// Events of the folder, each followed by re-checks: with `synchronous=FULL` the event on the log comes before the commit is visible.
  /// On Linux only.
  public static let folder = WakeLayers(rawValue: 2)
  /// Asking `PRAGMA data_version` again and again.
  public static let poll = WakeLayers(rawValue: 4)

  public static let all: WakeLayers = [.doorbell, .folder, .poll]
}
