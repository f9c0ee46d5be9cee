import ArgumentParser
import Bridge
import SystemSupport

extension TaskStatus: ExpressibleByArgument {}
extension TaskRole: ExpressibleByArgument {}

func agentName(_ text: String) throws -> Identity { try usage { try Identity(text) } }

/// Reads a number in a range.
func number(in range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
  { text in
    guard let number = Int(text), range.contains(number) else {
      throw ValidationError("Write a number from \(range.lowerBound) to \(range.upperBound).")
    }
    return number
  }
}

/// A text on the command line, in a file, or on standard input if a single `-` stands for it.
enum TextArgument {
  /// More than any text may have, so that an endless input ends.
  private static let limit = 16 << 20

  static func text(_ word: String) throws -> String { word == "-" ? try text(of: .standardInput, "Standard input") : word }

  static func file(_ path: String) throws -> String {
    if path == "-" { return try text("-") }
    let file: FileDescriptor
    do { file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec) } catch {
      throw CommandFailure("\(path) cannot be read: \(error).")
    }
    defer { try? file.close() }
    return try text(of: file, path)
  }

  /// All of it without the line end that closes it.
  private static func text(of file: FileDescriptor, _ name: String) throws -> String {
    var bytes = [UInt8]()
    do throws(SystemError) {
      while bytes.count <= limit, case let piece = try file.readSome(upTo: 64 << 10), !piece.isEmpty { bytes += piece }
    } catch { throw CommandFailure("\(name) cannot be read: \(error.code).") }
    guard bytes.count <= limit else {
      throw CommandFailure(
        "\(name) has more than \(limit >> 20) MiB, and a text has at most \(Limits.textBytes) bytes: send the name of a file instead.")
    }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast(bytes.dropLast().last == UInt8(ascii: "\r") ? 2 : 1) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandFailure("\(name) is not UTF-8 text: convert it first, or send the name of a file instead.")
    }
    return text
  }
}
