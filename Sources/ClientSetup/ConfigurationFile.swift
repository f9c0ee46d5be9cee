import Foundation
import JSON

/// A client's configuration file, with the changes that are to be made.
struct ConfigurationFile {
  /// Links are resolved, so that a link stays one.
  let path: String
  private let original: String?
  private(set) var json: JSONText

  /// - Parameter text: nil for a file that does not exist.
  init(_ path: String, text: String?) throws(SetupError) {
    self.path = path
    original = text
    do { json = try JSONText(Array((text ?? "{}\n").utf8)) } catch {
      throw SetupError("\(path) is not valid JSON and was not changed: \(error) Correct it, and try again.")
    }
    guard json.value.objectValue != nil else {
      throw SetupError("\(path) holds no JSON object and was not changed: correct it, and try again.")
    }
  }

  init(reading path: String) throws(SetupError) {
    let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    let data: Data?
    do { data = try Data(contentsOf: resolved) } catch CocoaError.fileReadNoSuchFile { data = nil } catch {
      throw SetupError("\(path) cannot be read (\(error.localizedDescription)): check its permissions.")
    }
    try self.init(resolved.path, text: data.map { String(decoding: $0, as: UTF8.self) })
  }

  mutating func edit(_ body: (inout JSONText) throws -> Void) throws(SetupError) {
    do { try body(&json) } catch { throw SetupError("\(path): \(error). Correct the file, and try again.") }
  }

  var isChanged: Bool { original.map { $0 != json.text } ?? (json.value != .object([:])) }

  var difference: String { isChanged ? LineDiff.between(original, json.text, name: path) : "" }

  /// Replaces the file whole, keeps its permissions, and keeps a copy.
  ///
  /// - Returns: the path of the copy; nil where there was no file.
  func write() throws(SetupError) -> String? {
    let manager = FileManager.default
    let copy = try backUp()
    do {
      let folder = (path as NSString).deletingLastPathComponent
      if !manager.fileExists(atPath: folder) { try manager.createDirectory(atPath: folder, withIntermediateDirectories: true) }
      let permissions = try? manager.attributesOfItem(atPath: path)[.posixPermissions]
      let new = "\(path).new-\(getpid())"
      guard manager.createFile(atPath: new, contents: Data(json.bytes), attributes: [.posixPermissions: permissions ?? 0o600]) else {
        throw CocoaError(.fileWriteNoPermission)
      }
      guard rename(new, path) == 0 else {
        let why = errno
        unlink(new)
        throw POSIXError(POSIXErrorCode(rawValue: why) ?? .EIO)
      }
    } catch {
      throw SetupError(
        "\(path) cannot be written (\(error.localizedDescription)) and was not changed: check the permissions of its folder.")
    }
    return copy
  }

  /// Copies the file as it is on disk.
  func backUp() throws(SetupError) -> String? {
    guard original != nil else { return nil }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyyMMdd-HHmmss"
    let stem = "\(path).backup-\(formatter.string(from: Date()))"
    let names = (0..<100).map { $0 == 0 ? stem : "\(stem)-\($0)" }
    guard let copy = names.first(where: { !FileManager.default.fileExists(atPath: $0) }) else {
      throw SetupError("There are too many copies \(stem)-…; nothing was changed: remove some of them.")
    }
    do { try FileManager.default.copyItem(atPath: path, toPath: copy) } catch {
      throw SetupError("\(path) cannot be copied (\(error.localizedDescription)); nothing was changed.")
    }
    return copy
  }
}
