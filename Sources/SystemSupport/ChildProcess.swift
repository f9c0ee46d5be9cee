import CSystemSupport
import Foundation
import Synchronization

/// A child process. It outlives this object, and inherits no descriptor but its standard streams.
///
/// Not Foundation's `Process`, which learns of an end by a socket that other children may inherit, and on Linux counts the open descriptors
/// before it copies them. Not swift-subprocess, whose streams are valid only in the closure that starts the child.
public final class ChildProcess: Sendable {
  /// What a standard stream of the child is.
  public enum Stream: Sendable {
    /// /dev/null.
    case null
    /// That of this process.
    case inherited
    /// A pipe, whose other end the object has.
    case pipe
    case descriptor(FileDescriptor)
  }

  public let pid: Int32
  /// The other ends of pipes. The user of an end closes it.
  public let input, output, errors: FileDescriptor?
  private let status = Mutex<TerminationStatus?>(nil)

  /// - Parameters:
  ///   - arguments: the first is looked for in PATH.
  ///   - environment: all of it; nothing is inherited.
  ///   - ownGroup: whether a Control-C in the terminal spares it.
  public init(
    _ arguments: [String], environment: [String: String], input: Stream = .null, output: Stream = .null, errors: Stream = .inherited,
    ownGroup: Bool = false
  ) throws(SystemError) {
    var streams = [input, output, errors]
    var theirs: [FileDescriptor] = []
    var ours: [FileDescriptor?] = [nil, nil, nil]
    defer { for descriptor in theirs { try? descriptor.close() } }
    do throws(SystemError) {
      for index in streams.indices {
        guard case .pipe = streams[index] else { continue }
        let (reading, writing) = try FileDescriptor.makePipe()
        let end = index == 0 ? reading : writing
        theirs.append(end)
        ours[index] = index == 0 ? writing : reading
        streams[index] = .descriptor(end)
      }
      pid = try Self.spawn(arguments, environment, streams, ownGroup: ownGroup)
    } catch {
      for descriptor in ours { try? descriptor?.close() }
      throw error
    }
    (self.input, self.output, self.errors) = (ours[0], ours[1], ours[2])
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String: String], _ streams: [Stream], ownGroup: Bool
  ) throws(SystemError) -> Int32 {
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
    for (target, stream) in streams.enumerated() {
      switch stream {
      case .inherited: posix_spawn_file_actions_adddup2(&actions, Int32(target), Int32(target))
      case .descriptor(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor.rawValue, Int32(target))
      case .null, .pipe: posix_spawn_file_actions_addopen(&actions, Int32(target), "/dev/null", O_RDWR, 0)
      }
    }
    // What libraries open has no mark for this, such as the connections that SwiftNIO accepts.
    #if os(Linux)
      spawn_without_descriptors(&actions)
    #endif
    // The child gets none of the choices that this process made for signals.
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    var flags = Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK)
    if ownGroup { flags |= Int16(POSIX_SPAWN_SETPGROUP) }
    #if canImport(Darwin)
      flags |= Int16(POSIX_SPAWN_CLOEXEC_DEFAULT)
    #endif
    posix_spawnattr_setflags(&attributes, flags)
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var pid: pid_t = 0
    let status = FileDescriptor.exclusively { posix_spawnp(&pid, arguments[0], &actions, &attributes, &argv, &envp) }
    if status != 0 { throw SystemError("posix_spawn \(arguments[0])", Errno(rawValue: status)) }
    return pid
  }

  /// Blocks until the child has ended. Any number of threads may wait.
  public func wait() -> TerminationStatus {
    // The number stays the child's until waitpid(2): no signal goes to another process.
    var info = siginfo_t()
    while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    return status.withLock { status in
      if let status { return status }
      var raw: Int32 = 0
      while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
      let ended = TerminationStatus(raw)
      status = ended
      return ended
    }
  }

  /// How the child ends.
  public func exit() async -> TerminationStatus { await SystemThread.run { self.wait() } }

  /// Sends a signal, unless the child's end is known.
  public func signal(_ number: Int32) {
    status.withLock { if $0 == nil { _ = Foundation.kill(pid, number) } }
  }

  /// SIGKILL.
  public func kill() { signal(SIGKILL) }

  /// SIGKILL for the child and what it started, if it has a group of its own.
  public func killGroup() {
    status.withLock { if $0 == nil { _ = Foundation.kill(-pid, SIGKILL) } }
  }
}

/// How a process ended.
public enum TerminationStatus: Hashable, Sendable {
  case exited(Int32)
  case signalled(Int32)

  /// - Parameter status: what waitpid(2) gives.
  public init(_ status: Int32) { self = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F) }

  /// As a shell reports it: 128 and the signal's number where one ended the process.
  public var code: Int32 {
    switch self {
    case .exited(let status): status
    case .signalled(let number): 128 + number
    }
  }
}
