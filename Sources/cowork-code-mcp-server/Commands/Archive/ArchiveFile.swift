import Bridge
import Foundation
import SystemSupport

/// A file that `export` wrote, line by line.
struct ArchiveFile: Sequence {
  private let data: Data

  /// - Parameter path: nil for standard input, all of which is kept in memory.
  init(_ path: String?) throws {
    guard let path else {
      do { data = Data(try FileDescriptor.standardInput.readToEnd()) } catch {
        throw CommandFailure("Standard input cannot be read: \(error.code).")
      }
      return
    }
    let kind = FileSystem.otherKind(path)
    do {
      if kind == nil || kind == "a folder" {
        data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
      } else {
        // A pipe, or a device such as that of standard input.
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        defer { try? file.close() }
        data = Data(try file.readToEnd())
      }
    } catch {
      throw CommandFailure(
        FileSystem.allows(path)
          ? "\(path) \(kind == "a folder" ? "is a folder" : "cannot be read: check its rights"): name a file that `export` wrote."
          : "There is no file \(path): name one that `export` wrote.")
    }
  }

  func makeIterator() -> Lines { Lines(data: data) }

  /// The lines without their ends.
  struct Lines: IteratorProtocol {
    fileprivate let data: Data
    private var start: Int

    fileprivate init(data: Data) { (self.data, start) = (data, data.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0) }

    mutating func next() -> [UInt8]? {
      guard start < data.count else { return nil }
      let end = data.withUnsafeBytes { $0[start...].firstIndex(of: UInt8(ascii: "\n")) } ?? data.count
      defer { start = end + 1 }
      return Array(data[start..<end])
    }
  }

  /// Checks all of it.
  ///
  /// - Throws: `CommandFailure` that names the line.
  func validate() throws -> ArchiveTotals {
    var number = 0
    var found = ArchiveTotals(messages: 0, tasks: 0, agents: 0)
    var end: ArchiveTotals?
    var ids: (messages: Set<ArchivedText>, tasks: Set<ArchivedText>) = ([], [])
    var lines = makeIterator()
    while let bytes = lines.next() {
      number += 1
      if end != nil { throw failure(number, "Something follows the line that ends the file.") }
      let line: ArchiveLine
      do { line = try ArchiveLine(decoding: bytes) } catch {
        if number == 1 {
          let isMarkdown = bytes.first == UInt8(ascii: "#")
          throw failure(1, isMarkdown ? Self.markdown : "The file does not begin as an export does. \(error)")
        }
        throw lines.next() == nil ? cutOff(number) : failure(number, "\(error)")
      }
      var isHeader = false
      switch line {
      case .header: isHeader = true
      case .agent: found.agents += 1
      case .message(let message):
        found.messages += 1
        if !ids.messages.insert(message.key).inserted { throw failure(number, "A message with this id was there before.") }
      case .task(let task):
        found.tasks += 1
        if !ids.tasks.insert(task.key).inserted { throw failure(number, "A task with this id was there before.") }
      case .end(let totals): end = totals
      }
      if isHeader, number > 1 { throw failure(number, "A second file begins here: import them one after the other.") }
      if !isHeader, number == 1 { throw failure(1, "The file does not begin with the line that says its format.") }
    }
    guard number > 0 else { throw CommandFailure("The file is empty: nothing was imported; name one that `export` wrote.") }
    guard let end else { throw cutOff(number) }
    guard end == found else {
      throw failure(
        number,
        "It counts \(end.messages) messages, \(end.tasks) tasks and \(end.agents) agents, and there are \(found.messages), \(found.tasks) "
          + "and \(found.agents): lines are missing.")
    }
    return found
  }

  private static let markdown = "Markdown is for reading and cannot be imported: export with --format jsonl."

  private func cutOff(_ line: Int) -> CommandFailure {
    CommandFailure("The file is cut off at line \(line): nothing was imported; export once more, or copy the file again.")
  }

  private func failure(_ line: Int, _ sentence: String) -> CommandFailure {
    CommandFailure("line \(line): \(sentence) Nothing was imported.")
  }
}
