import SystemSupport

/// Reads a file line by line, more than once.
final class LineReader {
  /// No export has longer lines.
  private static let longestLine = 256 << 20
  private let file: FileDescriptor
  private var buffer = [UInt8]()
  private var start = 0

  /// - Parameter path: nil for standard input, which is kept in a temporary file.
  /// - Throws: `CommandFailure`.
  init(_ path: String?) throws {
    if let path {
      do { file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec) } catch {
        throw CommandFailure("\(path) cannot be read (\(error)): name another file.")
      }
      guard (try? file.seek(offset: 0, from: .current)) != nil else {
        throw CommandFailure("\(path) cannot be read twice: pass it as standard input, as in `import < \(path)`.")
      }
    } else {
      let folder = Environment["TMPDIR"] ?? "/tmp"
      do { file = try NewFile.temporary(in: folder) } catch {
        throw CommandFailure("No temporary file can be created in \(folder) (\(error.code)): set TMPDIR to a folder with free space.")
      }
      try keepStandardInput()
      try rewind()
    }
  }

  deinit { try? file.close() }

  private func keepStandardInput() throws {
    while true {
      let chunk: [UInt8]
      do { chunk = try FileDescriptor.standardInput.readSome(upTo: 64 << 10) } catch {
        throw CommandFailure("Standard input cannot be read: \(error.code).")
      }
      if chunk.isEmpty { return }
      do { try file.writeCompletely(chunk) } catch {
        throw CommandFailure("Standard input cannot be kept (\(error.code)): set TMPDIR to a folder with free space.")
      }
    }
  }

  func rewind() throws {
    do { try file.seek(offset: 0, from: .start) } catch {
      throw CommandFailure("The file cannot be read twice: pass it as standard input.")
    }
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
      let chunk: [UInt8]
      do { chunk = try file.readSome(upTo: 256 << 10) } catch { throw CommandFailure("The file cannot be read: \(error.code).") }
      if chunk.isEmpty {
        defer { buffer = [] }
        return buffer.isEmpty ? nil : buffer
      }
      buffer += chunk
    }
  }
}
