import SystemSupport

/// A pipe into which a program prints, and the lines that come out.
public struct LinePipe: Sendable {
  /// To be given to a program.
  public let writing: FileDescriptor
  private let lines: AsyncStream<String>

  public init() throws {
    let (reading, writing) = try FileDescriptor.makePipe()
    self.writing = writing
    let (lines, continuation) = AsyncStream.makeStream(of: String.self)
    self.lines = lines
    try SystemThread.start(stackSize: SystemThread.largeStack) {
      var line = [UInt8]()
      while let bytes = try? reading.readSome(upTo: 4096), !bytes.isEmpty {
        for byte in bytes {
          if byte == UInt8(ascii: "\n") {
            continuation.yield(String(decoding: line, as: UTF8.self))
            line = []
          } else {
            line.append(byte)
          }
        }
      }
      try? reading.close()
      continuation.finish()
    }
  }

  /// The end of a pipe that nobody reads.
  public static func broken() throws -> FileDescriptor {
    let (reading, writing) = try FileDescriptor.makePipe()
    try reading.close()
    return writing
  }

  /// The next lines up to one that holds a text, which must come.
  @discardableResult
  public func lines(to text: String) async throws -> [String] {
    var found = [String]()
    for await line in lines {
      found.append(line)
      if line.contains(text) { return found }
    }
    throw TestingError("\"\(text)\" never came: \(found)")
  }

  /// The lines up to the end.
  public var remaining: [String] {
    get async { await lines.reduce(into: []) { $0.append($1) } }
  }
}

/// A program that prints until it is told to end. It is killed with the last reference to it.
public final class Following: Sendable {
  public let process: Running
  private let pipe: LinePipe

  /// - Parameter withErrors: whether the lines include those of standard error.
  public init(_ sandbox: Sandbox, _ arguments: [String], withErrors: Bool = false, environment: [String: String] = [:]) throws {
    pipe = try LinePipe()
    process = try sandbox.start(
      arguments, output: pipe.writing, errors: withErrors ? pipe.writing : nil, environment: environment)
  }

  deinit { process.signal(9) }

  /// The next lines up to one that holds a text, which must come within a minute.
  @discardableResult
  public func lines(to text: String) async throws -> [String] {
    let killer = Task { [process] in
      try await Task.sleep(for: .seconds(60))
      process.signal(9)
    }
    defer { killer.cancel() }
    return try await pipe.lines(to: text)
  }

  /// The lines until a signal ends the program, and how it ends.
  public func end(by signal: Int32) async throws -> (lines: [String], outcome: Outcome) {
    process.signal(signal)
    let outcome = try await process.outcome
    return (await pipe.remaining, outcome)
  }
}
