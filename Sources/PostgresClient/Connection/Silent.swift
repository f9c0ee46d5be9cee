import Logging

extension Logger {
  /// Logs nothing.
  public static var silent: Logger { Logger(label: "postgres", factory: { _ in SwiftLogNoOpLogHandler() }) }
}
