#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A program that was started, with pipes to its standard input and from its standard output. For one thread at a time.
final class Child: @unchecked Sendable {
  let pid: pid_t
  private var input: Int32
  private let output: Int32
  private var buffer: [UInt8] = []

  init(_ program: String, _ arguments: [String] = [], environment: [String: String] = [:]) throws {
    var toChild: [Int32] = [0, 0]
    var fromChild: [Int32] = [0, 0]
    guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else { throw Failure("no descriptors are left") }
    for end in toChild + fromChild { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    #if canImport(Glibc)
      var actions = posix_spawn_file_actions_t()
    #else
      var actions: posix_spawn_file_actions_t?
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
    let words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    let names = ["PATH", "LD_LIBRARY_PATH"].compactMap { (name: String) in getenv(name).map { "\(name)=\(String(cString: $0))" } }
    let variables: [UnsafeMutablePointer<CChar>?] = (names + environment.map { "\($0)=\($1)" }).map { strdup($0) } + [nil]
    defer { for text in words + variables { free(text) } }
    var pid: pid_t = 0
    let error = posix_spawn(&pid, program, &actions, nil, words, variables)
    posix_spawn_file_actions_destroy(&actions)
    close(toChild[0])
    close(fromChild[1])
    guard error == 0 else { throw Failure("\(program) cannot be started: \(String(cString: strerror(error)))") }
    (self.pid, input, output) = (pid, toChild[1], fromChild[0])
  }

  deinit { end() }

  func write(_ text: String) {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { systemWrite(input, $0.baseAddress, $0.count) }
      if count <= 0 { return }
      done += count
    }
  }

  /// The next line, without its end.
  func readLine() throws -> String {
    var searched = 0
    while true {
      if let end = buffer[searched...].firstIndex(of: 0x0A) {
        defer { buffer.removeSubrange(...end) }
        return String(decoding: buffer[..<end], as: UTF8.self)
      }
      searched = buffer.count
      var chunk = [UInt8](repeating: 0, count: 65_536)
      let count = read(output, &chunk, chunk.count)
      guard count > 0 else { throw Failure("a child ended before its answer") }
      buffer += chunk[..<count]
    }
  }

  /// Resident memory in megabytes.
  func residentMemory() throws -> Double {
    let ps = try Child("/bin/ps", ["-o", "rss=", "-p", "\(pid)"])
    let line = try ps.readLine()
    guard let kilobytes = Double(line.filter { $0 != " " }) else { throw Failure("ps said \(line)") }
    return kilobytes / 1024
  }

  /// Ends its input, and waits until it is gone.
  func end() {
    guard input >= 0 else { return }
    close(input)
    input = -1
    close(output)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, bytes, count) }
