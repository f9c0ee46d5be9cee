#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

public struct TestingError: Error, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// Runs programs for the test kit: output goes to a file, so that a daemon that keeps it open holds nobody up.
enum Shell {
  struct Output {
    let status: Int32
    let text: String
  }

  /// Throws when the status is not 0, with the output.
  @discardableResult
  static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> String {
    let output = await onThread { () -> Result<Output, TestingError> in
      do throws(TestingError) { return .success(try runBlocking(arguments, environment: environment)) } catch { return .failure(error) }
    }
    let result = try output.get()
    guard result.status == 0 else { throw TestingError("\(arguments.joined(separator: " ")) ended with \(result.status): \(result.text)") }
    return result.text
  }

  /// A blocking call on a thread that Swift's tasks do not need.
  static func onThread<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
    await withCheckedContinuation { continuation in startThread { continuation.resume(returning: body()) } }
  }

  static func startThread(_ body: @escaping @Sendable () -> Void) {
    let argument = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
      pthread_create(
        &thread, nil,
        {
          Unmanaged<ThreadBody>.fromOpaque($0).takeRetainedValue().run()
          return nil
        }, argument)
      if let thread { pthread_detach(thread) }
    #else
      var thread = pthread_t()
      pthread_create(
        &thread, nil,
        {
          if let argument = $0 { Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run() }
          return nil
        }, argument)
      pthread_detach(thread)
    #endif
  }

  private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private static func runBlocking(_ arguments: [String], environment: [String: String]) throws(TestingError) -> Output {
    var template = Array("/tmp/pgt-out-XXXXXX".utf8CString)
    let file = Descriptors.make { mkstemp(&template) }
    guard file >= 0 else { throw TestingError("cannot make a file in /tmp (errno \(errno))") }
    _ = unlink(template)
    defer { close(file) }
    let process = try spawn(arguments, environment: environment, input: nil, output: file)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    let size = Int(lseek(file, 0, SEEK_END))
    lseek(file, 0, SEEK_SET)
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in count = max(0, read(file, buffer.baseAddress, size)) }
    let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    return Output(status: code, text: String(decoding: bytes, as: UTF8.self))
  }

  /// Its own process group: Control-C in a terminal is for the tests, not for their servers.
  static func spawn(_ arguments: [String], environment: [String: String] = [:], input: Int32?, output: Int32?) throws(TestingError) -> pid_t
  {
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
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    if let input {
      posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    for descriptor: Int32 in [1, 2] {
      if let output {
        posix_spawn_file_actions_adddup2(&actions, output, descriptor)
      } else {
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
      }
    }
    var variables: [String: String] = [
      "PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin:/opt/homebrew/bin", "LC_ALL": "C", "HOME": "/tmp",
    ]
    variables.merge(environment) { _, new in new }
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var process: pid_t = 0
    let status = Descriptors.whileNothingIsMade { posix_spawnp(&process, arguments[0], &actions, &attributes, &argv, &envp) }
    guard status == 0 else { throw TestingError("cannot run \(arguments[0]) (errno \(status))") }
    return process
  }
}

/// A shell that runs a script when this process ends in any way, even killed: it waits for the end of its input, which only we hold.
final class Watchdog: Sendable {
  private let process: pid_t
  private let input: Int32

  init(cleanUp script: String) throws(TestingError) {
    let ends = try Descriptors.makePipe()
    process = try Shell.spawn(["/bin/sh", "-c", "trap '' INT TERM HUP; cat >/dev/null; \(script)"], input: ends.read, output: nil)
    close(ends.read)
    input = ends.write
  }

  /// Runs the script now and waits for it. To be called once.
  func finish() async {
    await Shell.onThread { [process, input] in
      close(input)
      var status: Int32 = 0
      while waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
  }
}
