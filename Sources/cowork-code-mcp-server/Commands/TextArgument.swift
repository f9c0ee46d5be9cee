import ArgumentParser
import Bridge
import Foundation

/// A text that stands on the command line, or is read from standard input where a single `-` takes its place.
enum TextArgument {
  /// More than any text may have, so that an endless input ends.
  private static let limit = 16 << 20

  static func text(_ word: String) throws -> String { word == "-" ? try standardInput() : word }

  /// All of standard input without the line end that closes it.
  private static func standardInput() throws -> String {
    var bytes = [UInt8]()
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Foundation.read(0, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw CommandFailure("Standard input cannot be read: \(String(cString: strerror(errno))).") }
      if count == 0 { break }
      bytes += buffer.prefix(count)
      if bytes.count > limit {
        throw CommandFailure(
          "Standard input has more than \(limit >> 20) MiB, and a text has at most \(Limits.textBytes) bytes: name a file instead.")
      }
    }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast(bytes.dropLast().last == UInt8(ascii: "\r") ? 2 : 1) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandFailure("Standard input is not UTF-8 text: convert it first, or name a file instead.")
    }
    return text
  }
}
