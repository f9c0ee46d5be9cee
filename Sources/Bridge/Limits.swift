/// The limits of what the bridge accepts and returns. Both stores keep them.
public enum Limits {
  /// A message's content, a task's description and a task's result: bytes of UTF-8.
  public static let textBytes = 256 * 1024
  /// A task's title: Unicode scalars.
  public static let titleCharacters = 200
  /// A text that only a hand can have written is shown to agents by an excerpt beyond this many bytes of UTF-8.
  public static let shownBytes = 4 << 20
  /// The characters of such an excerpt.
  public static let excerptCharacters = 50_000
  /// An idempotency key: bytes of UTF-8.
  public static let keyBytes = 200
  /// How many messages or tasks that wait are counted: where there are more, a count is as high as this. To count hundreds of thousands takes
  /// longer than a call.
  public static let countLimit = 1_000
  /// How many messages or tasks one call may ask for.
  public static let pageSize = 1...200
  /// How many agents a message to all of them may have.
  public static let recipients = 100
  /// How many agents a list of them has.
  public static let agents = 50
  /// A name of a host or a client that is shown: Unicode scalars.
  public static let shownName = 100
  /// How long a call may wait, in seconds: clients are known to cut calls at 60.
  public static let waitSeconds = 0...55
  /// A reply's characters, as UTF-16 counts them.
  public static let replyCharacters = 40_000
}
