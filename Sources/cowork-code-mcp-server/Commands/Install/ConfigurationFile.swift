import Foundation
import JSON
import MCP

/// A client's configuration file and what becomes of it.
struct ConfigurationFile {
  /// Behind links.
  let path: String
  private let before: String?
  var json: JSONText

  /// - Throws: `CommandFailure` where it cannot be read or is not a JSON object; it is left as it is.
  init(_ path: String) throws {
    self.path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let data: Data?
    do { data = try Data(contentsOf: URL(fileURLWithPath: self.path)) } catch CocoaError.fileReadNoSuchFile { data = nil } catch {
      throw CommandFailure("\(path) cannot be read (\(error.localizedDescription)): check its rights.")
    }
    before = data.map { String(decoding: $0, as: UTF8.self) }
    do { json = try JSONText(Array(data ?? Data("{}\n".utf8))) } catch {
      throw CommandFailure("\(path) is not valid JSON and was left as it is: \(error) Correct it, and try again.")
    }
    guard json.value.objectValue != nil else {
      throw CommandFailure("\(path) holds no JSON object and was left as it is: correct it, and try again.")
    }
  }

  var isChanged: Bool { before.map { $0 != json.text } ?? (json.value != .object([:])) }

  var difference: String { isChanged ? LineDiff.of(before, json.text, name: path) : "" }

  /// Writes the file whole or not at all, with the rights that it had, and keeps a copy of what it was.
  ///
  /// - Returns: where the copy is; nil where there was no file.
  func write() throws -> String? {
    let manager = FileManager.default
    let copy = try backUp()
    do {
      let folder = (path as NSString).deletingLastPathComponent
      if !manager.fileExists(atPath: folder) { try manager.createDirectory(atPath: folder, withIntermediateDirectories: true) }
      let rights = try? manager.attributesOfItem(atPath: path)[.posixPermissions]
      let new = "\(path).new-\(getpid())"
      guard manager.createFile(atPath: new, contents: Data(json.bytes), attributes: [.posixPermissions: rights ?? 0o600]) else {
        throw CocoaError(.fileWriteNoPermission)
      }
      guard rename(new, path) == 0 else {
        let why = errno
        unlink(new)
        throw POSIXError(POSIXErrorCode(rawValue: why) ?? .EIO)
      }
    } catch {
      throw CommandFailure(
        "\(path) cannot be written (\(error.localizedDescription)): check the rights of its folder; nothing was changed.")
    }
    return copy
  }

  /// Keeps a copy of the file as it is now.
  func backUp() throws -> String? {
    guard before != nil else { return nil }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyyMMdd-HHmmss"
    let stem = "\(path).backup-\(formatter.string(from: Date()))"
    for number in 0..<100 {
      let copy = number == 0 ? stem : "\(stem)-\(number)"
      if FileManager.default.fileExists(atPath: copy) { continue }
      do { try FileManager.default.copyItem(atPath: path, toPath: copy) } catch {
        throw CommandFailure("No copy of \(path) can be made (\(error.localizedDescription)): nothing was changed.")
      }
      return copy
    }
    throw CommandFailure("There are too many copies \(stem)-…: remove some of them; nothing was changed.")
  }
}
