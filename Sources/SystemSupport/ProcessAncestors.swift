import Foundation

extension ProcessIdentity {
  /// The processes that started this one, the nearest first, without the first of the system and what this process cannot see.
  public static var ancestors: [ProcessIdentity] {
    var ancestors: [ProcessIdentity] = []
    var next = parent
    while next > 1, ancestors.count < 100, let process = ProcessIdentity(pid: next) {
      ancestors.append(process)
      next = parent(of: next) ?? 0
    }
    return ancestors
  }

  /// The client of this process: the nearest ancestor whose standard input is not ours. Launchers hand theirs on, and the client has the other
  /// end. Nil where there is none, and where the input is a terminal.
  public static var client: ProcessIdentity? {
    guard !FileDescriptor.standardInput.isTerminal else { return nil }
    #if os(Linux)
      guard let ours = FileIdentity(path: "/proc/self/fd/0") else { return nil }
      return ancestors.first { FileIdentity(path: "/proc/\($0.pid)/fd/0") != ours }
    #else
      // Descriptors of other processes cannot be compared by documented means.
      return ancestors.first
    #endif
  }

  /// A process that this one can see; nil if there is none, or it has ended.
  public init?(pid: Int32) {
    guard let start = Self.startTime(of: pid), start != "ended" else { return nil }
    self.init(scope: Self.current.scope, pid: pid, start: start)
  }

  /// Whether this process could see that the other one has ended.
  public var isVisible: Bool { !scope.isEmpty && scope == Self.current.scope }
}
