import Foundation
import SystemSupport

/// Processes that stand for clients and servers until they are killed.
final class Processes {
  struct Process {
    let child: ChildProcess
    let identity: ProcessIdentity

    /// Returns once it has ended.
    func kill() {
      child.kill()
      _ = child.wait()
    }
  }

  private var free: [Process] = []

  func take() throws -> Process {
    if let process = free.popLast() { return process }
    // It ends with this process, whose end of the pipe it reads.
    let child = try ChildProcess(["cat"], environment: ProcessInfo.processInfo.environment, input: .pipe)
    guard let identity = ProcessIdentity(pid: child.pid) else { throw SystemError("cat", .noSuchProcess) }
    return Process(child: child, identity: identity)
  }

  func giveBack(_ process: Process) { free.append(process) }

  func end() { for process in free { process.kill() } }
}
