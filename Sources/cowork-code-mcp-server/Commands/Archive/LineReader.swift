import Foundation

/// Reads a file line by line, more than once.
final class LineReader {
  /// Longer lines are refused: no export has them.
  static let longestLine = 256 << 20
  private let descriptor: Int32
  private var buffer = [UInt8]()
  private var start = 0

  /// - Parameter path: nil for standard input, which is kept in a temporary file.
  /// - Throws: `CommandFailure`.
  init(_ path: String?) throws {
    if let path {
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      if descriptor < 0 { throw CommandFailure("\(path) cannot be read (\(String(cString: strerror(errno)))): name another file.") }
      if lseek(descriptor, 0, SEEK_CUR) >= 0 { return }
      throw CommandFailure("\(path) is no file that can be read twice: give it to standard input, as in `import < \(path)`.")
    }
    let folder = (Environment["TMPDIR"] ?? "/tmp") as NSString
    var template = Array(folder.appendingPathComponent("cowork-import-XXXXXX").utf8CString)
    descriptor = mkstemp(&template)
    if descriptor < 0 { throw CommandFailure("No temporary file can be made in \(folder): set TMPDIR to a folder with room.") }
    unlink(template)
    try keepStandardInput()
    try rewind()
  }

  deinit { close(descriptor) }

  private func keepStandardInput() throws {
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Foundation.read(0, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw CommandFailure("Standard input cannot be read: \(String(cString: strerror(errno))).") }
      if count == 0 { return }
      var rest = chunk[..<count]
      while !rest.isEmpty {
        let written = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
        if written >= 0 {
          rest = rest.dropFirst(written)
        } else if errno != EINTR {
          throw CommandFailure("Standard input cannot be kept (\(String(cString: strerror(errno)))): set TMPDIR to a folder with room.")
        }
      }
    }
  }

  func rewind() throws {
    guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw CommandFailure("The file cannot be read twice: give it to standard input.") }
    buffer = []
    start = 0
  }

  /// The next line without its end; nil at the end of the file.
  func next() throws -> [UInt8]? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        return Array(buffer[start..<end])
      }
      searched = buffer.count - start
      buffer.removeSubrange(..<start)
      start = 0
      if buffer.count > Self.longestLine {
        throw CommandFailure("The file has a line of more than \(Self.longestLine >> 20) MiB: it is no export.")
      }
      var chunk = [UInt8](repeating: 0, count: 256 << 10)
      let count = Foundation.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw CommandFailure("The file cannot be read: \(String(cString: strerror(errno))).") }
      if count == 0 {
        defer { buffer = [] }
        return buffer.isEmpty ? nil : buffer
      }
      buffer += chunk[..<count]
    }
  }
}
