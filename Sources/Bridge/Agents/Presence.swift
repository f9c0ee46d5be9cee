/// What the heartbeats of an agent's processes say. Times are the store's; whether a process of this host has ended is known at once.
public enum Presence {
  /// Whether a lease or a claim has ended.
  ///
  /// - Parameters:
  ///   - process: the encoded identity of the process that holds it.
  ///   - expired: whether its time has passed.
  public static func isOver(_ process: String?, expired: Bool) -> Bool { expired || hasEnded(process) }

  /// Whether a process is known to have ended. Asks the system: not for use inside a transaction that others wait for.
  public static func hasEnded(_ process: String?) -> Bool { process.flatMap(ProcessIdentity.init(encoded:))?.isKnownDead == true }

  /// Whether an agent is online.
  ///
  /// - Parameter processes: those of the agent's instances whose heartbeat is recent.
  public static func isOnline(_ processes: some Sequence<String?>) -> Bool { processes.contains { !hasEnded($0) } }
}
