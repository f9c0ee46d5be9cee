#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Starts processes, and waits for them.
///
/// Not Foundation's `Process`: it learns of a process's end by a socket that every process inherits which another thread starts meanwhile, and
/// the database servers of the tests go on for long. On Linux its `run()` also counts the open descriptors and then copies them, and crashes
/// when other threads open files in between.
public enum Spawn {
  /// - Parameters:
  ///   - arguments: the first is looked for in PATH.
  ///   - environment: all of it; nothing is inherited.
  ///   - standard: what become the descriptors 0, 1 and 2; nil for /dev/null.
  ///   - ownGroup: Control-C in a terminal is for the tests, and not for this process.
  public static func start(
    _ arguments: [String], environment: [String: String], standard: [Int32?], ownGroup: Bool = false
  ) throws(TestingError) -> pid_t {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    for (target, descriptor) in standard.enumerated() {
      if let descriptor {
        posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
      } else {
        posix_spawn_file_actions_addopen(&actions, Int32(target), "/dev/null", O_RDWR, 0)
      }
    }
    // What the tests have chosen for signals must not be handed down.
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    let flags = Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK) | (ownGroup ? Int16(POSIX_SPAWN_SETPGROUP) : 0)
    posix_spawnattr_setflags(&attributes, flags)
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var process: pid_t = 0
    let status = Descriptors.whileNothingIsMade { posix_spawnp(&process, arguments[0], &actions, &attributes, &argv, &envp) }
    guard status == 0 else { throw TestingError("\(arguments[0]) cannot be started: \(String(cString: strerror(status)))") }
    return process
  }

  /// Blocks until it has ended, and tells how.
  public static func wait(for process: pid_t) -> ExitStatus {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return ExitStatus(status)
  }
}

/// How a process ended.
public enum ExitStatus: Hashable, Sendable {
  case exited(Int32)
  case signalled(Int32)

  /// - Parameter status: what waitpid(2) gives.
  public init(_ status: Int32) { self = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F) }

  /// As a shell tells it: 128 and the signal's number where one ended it.
  public var code: Int32 {
    switch self {
    case .exited(let status): status
    case .signalled(let number): 128 + number
    }
  }
}
