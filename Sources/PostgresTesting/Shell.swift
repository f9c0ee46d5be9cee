import ProcessTesting

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Runs programs for the test kit. Output goes to a file, so that a daemon that keeps it open delays nobody.
enum Shell {
  struct Output {
    let status: Int32
    let text: String
  }

  /// Throws the output if the status is not 0.
  @discardableResult
  static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> String {
    let output = await onThread { () -> Result<Output, TestingError> in
      do throws(TestingError) { return .success(try runBlocking(arguments, environment: environment)) } catch { return .failure(error) }
    }
    let result = try output.get()
    guard result.status == 0 else { throw TestingError("\(arguments.joined(separator: " ")) ended with \(result.status): \(result.text)") }
    return result.text
  }

  /// Runs a blocking call outside the threads of Swift concurrency.
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
    let code = Spawn.wait(for: process).code
    let size = Int(lseek(file, 0, SEEK_END))
    lseek(file, 0, SEEK_SET)
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in count = max(0, read(file, buffer.baseAddress, size)) }
    return Output(status: code, text: String(decoding: bytes, as: UTF8.self))
  }

  static func spawn(_ arguments: [String], environment: [String: String] = [:], input: Int32?, output: Int32?) throws(TestingError) -> pid_t
  {
    let variables = [
      "PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin:/opt/homebrew/bin", "LC_ALL": "C", "HOME": "/tmp",
    ].merging(environment) { $1 }
    return try Spawn.start(arguments, environment: variables, standard: [input, output, output], ownGroup: true)
  }
}

/// A shell that runs a script when this process ends in any way, even by SIGKILL: it waits for the end of its input, which only we hold.
final class Watchdog: Sendable {
  private let process: pid_t
  private let input: Int32

  init(cleanUp script: String) throws(TestingError) {
    let ends = try Descriptors.makePipe()
    process = try Shell.spawn(["/bin/sh", "-c", "trap '' INT TERM HUP; cat >/dev/null; \(script)"], input: ends.read, output: nil)
    close(ends.read)
    input = ends.write
  }

  /// Runs the script now and waits for it. Call once.
  func finish() async {
    await Shell.onThread { [process, input] in
      close(input)
      _ = Spawn.wait(for: process)
    }
  }
}
