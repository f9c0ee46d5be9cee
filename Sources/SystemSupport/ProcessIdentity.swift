import CSystemSupport
import Foundation
import Synchronization

/// Names a process so that another one can tell whether it is still running, if both see the same processes.
public struct ProcessIdentity: Hashable, Sendable {
  /// The set of processes that the pid belongs to: this boot of this machine, and on Linux its pid namespace.
  public let scope: String
  public let pid: Int32
  /// When the process started, in the system's own units: a pid is used again after its process is gone.
  public let start: String

  public init(scope: String, pid: Int32, start: String) {
    (self.scope, self.pid, self.start) = (scope, pid, start)
  }

  /// Reads what ``encoded`` returns.
  public init?(encoded: String) {
    let parts = encoded.utf8.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false).map { String(Substring($0)) }
    guard parts.count == 3, let pid = Int32(parts[1]) else { return nil }
    self.init(scope: parts[0], pid: pid, start: parts[2])
  }

  /// One line of text.
  public var encoded: String { "\(scope)|\(pid)|\(start)" }

  /// This process.
  public static let current = ProcessIdentity(scope: currentScope(), pid: getpid(), start: startTime(of: getpid()) ?? "")

  /// The process that started this one, or took it over when that one ended.
  public static var parent: Int32 { getppid() }

  /// This host's name without its domain.
  public static let hostName: String = {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    let name = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return name.split(separator: ".").first.map(String.init) ?? "localhost"
  }()

  /// Whether this process can see that the other one has ended. False when it cannot know.
  public var isKnownDead: Bool {
    guard isVisible else { return false }
    #if os(Linux)
      if let hasEnded = RunningProcesses.shared.hasEnded(self) { return hasEnded }
    #endif
    if kill(pid, 0) != 0 { return errno == ESRCH }
    guard !start.isEmpty, let now = Self.startTime(of: pid) else { return false }
    #if os(Linux)
      if now == start { RunningProcesses.shared.add(self) }
    #endif
    return now != start
  }

  /// Returns at once, and calls a body when the process has ended.
  ///
  /// - Throws: when threads are exhausted.
  public func whenEnded(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    try SystemThread.start {
      #if os(Linux)
        let descriptor = open_process(pid)
        if descriptor >= 0 {
          let process = FileDescriptor(rawValue: descriptor)
          defer { try? process.close() }
          var poll = PollSet()
          poll.add(process)
          // It may have ended before, and another one have its number.
          while !isKnownDead, !poll.wait(for: nil) {}
          return body()
        }
      #endif
      while !isKnownDead { Thread.sleep(forTimeInterval: 4) }
      body()
    }
  }
}

#if os(Linux)
  /// Some of the processes that were found running, by descriptors that tell when they have ended: reading when a process started takes ten
  /// times as long.
  private final class RunningProcesses: Sendable {
    static let shared = RunningProcesses()
    private static let maximumCount = 64

    private let descriptors = Mutex<[ProcessIdentity: FileDescriptor]>([:])

    /// Nil where it is not known.
    func hasEnded(_ process: ProcessIdentity) -> Bool? {
      descriptors.withLock { descriptors in
        guard let descriptor = descriptors[process] else { return nil }
        guard Self.hasEnded(descriptor) else { return false }
        descriptors[process] = nil
        try? descriptor.close()
        return true
      }
    }

    func add(_ process: ProcessIdentity) {
      let number = open_process(process.pid)
      guard number >= 0 else { return }
      let descriptor = FileDescriptor(rawValue: number)
      let isKept = descriptors.withLock { descriptors in
        if descriptors.count >= Self.maximumCount {
          for (other, descriptor) in descriptors where Self.hasEnded(descriptor) {
            descriptors[other] = nil
            try? descriptor.close()
          }
        }
        // The number may be another process's since it was asked for.
        let isStillRunning = ProcessIdentity.startTime(of: process.pid) == process.start
        guard isStillRunning, descriptors.count < Self.maximumCount, descriptors[process] == nil else { return false }
        descriptors[process] = descriptor
        return true
      }
      if !isKept { try? descriptor.close() }
    }

    private static func hasEnded(_ process: FileDescriptor) -> Bool {
      var poll = PollSet()
      poll.add(process)
      return poll.wait(for: .zero)
    }
  }

  private func currentScope() -> String {
    guard let boot = FileSystem.contents(of: "/proc/sys/kernel/random/boot_id") else { return "" }
    var buffer = [CChar](repeating: 0, count: 128)
    let count = readlink("/proc/self/ns/pid", &buffer, buffer.count)
    guard count > 0 else { return "" }
    let namespace = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    return String(decoding: boot, as: UTF8.self).filter { !$0.isNewline } + " " + namespace
  }

  extension ProcessIdentity {
    /// Clock ticks since boot: field 22 of proc(5)'s `/proc/PID/stat`, counted behind the command's closing parenthesis.
    /// A zombie has ended, whatever its parent has yet to do.
    static func startTime(of pid: Int32) -> String? {
      guard let fields = status(of: pid) else { return nil }
      let hasEnded = fields[1] == [UInt8(ascii: "Z")] || fields[1] == [UInt8(ascii: "X")]
      return hasEnded ? "ended" : String(decoding: fields[20], as: UTF8.self)
    }

    static func parent(of pid: Int32) -> Int32? { status(of: pid).flatMap { Int32(String(decoding: $0[2], as: UTF8.self)) } }

    /// From the closing parenthesis on: field N of proc(5) is at N - 2.
    private static func status(of pid: Int32) -> [ArraySlice<UInt8>]? {
      guard let file = try? FileDescriptor.open("/proc/\(pid)/stat", .readOnly, options: .closeOnExec) else { return nil }
      defer { try? file.close() }
      guard let status = file.read(upTo: 1_024, at: 0), let end = status.lastIndex(of: UInt8(ascii: ")")) else { return nil }
      let fields = status[end...].split(separator: UInt8(ascii: " "), maxSplits: 21)
      return fields.count > 20 ? fields : nil
    }
  }
#else
  private func currentScope() -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    var size = buffer.count
    guard sysctlbyname("kern.bootsessionuuid", &buffer, &size, nil, 0) == 0 else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  extension ProcessIdentity {
    /// Seconds and microseconds since 1970 of `proc_pidinfo`; a zombie has none.
    static func startTime(of pid: Int32) -> String? { status(of: pid).map { "\($0.pbi_start_tvsec).\($0.pbi_start_tvusec)" } }

    static func parent(of pid: Int32) -> Int32? { status(of: pid).map { Int32(bitPattern: $0.pbi_ppid) } }

    private static func status(of pid: Int32) -> proc_bsdinfo? {
      var info = proc_bsdinfo()
      let size = Int32(MemoryLayout<proc_bsdinfo>.size)
      return proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, size) == size ? info : nil
    }
  }
#endif
