import Synchronization
import SystemSupport

public typealias ExitStatus = TerminationStatus

/// Children by their numbers.
public enum Spawn {
  private static let children = Mutex<[Int32: ChildProcess]>([:])

  /// - Parameter standard: what become the descriptors 0, 1 and 2; nil for /dev/null.
  public static func start(_ arguments: [String], environment: [String: String], standard: [Int32?]) throws(SystemError) -> Int32 {
    let streams = standard.map { $0.map { ChildProcess.Stream.descriptor(FileDescriptor(rawValue: $0)) } ?? .null }
    let child = try ChildProcess(arguments, environment: environment, input: streams[0], output: streams[1], errors: streams[2])
    children.withLock { $0[child.pid] = child }
    return child.pid
  }

  /// Blocks until it has ended. To be called once.
  public static func wait(for pid: Int32) -> TerminationStatus {
    let child = children.withLock { $0.removeValue(forKey: pid) }
    guard let child else { preconditionFailure("process \(pid) is none of ours") }
    return child.wait()
  }
}
