import Foundation
import JSON
import SystemSupport

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

  /// Replaces the whole file, and keeps its permissions.
  func write() throws(SetupError) {
    do {
      let manager = FileManager.default
      let folder = FileSystem.split(path).folder
      if !manager.fileExists(atPath: folder) { try manager.createDirectory(atPath: folder, withIntermediateDirectories: true) }
      let mode = FileRights(path: path)?.mode ?? 0o600
      try NewFile.write(json.bytes, to: path, replacing: true, permissions: FilePermissions(rawValue: .init(mode)))
    } catch {
      let reason = (error as? SystemError).map { "\($0.code)" } ?? error.localizedDescription
      throw SetupError("\(path) cannot be written (\(reason)) and was not changed: check the permissions of its folder.")
    }
  }

  /// Copies the file as it is on disk.
  ///
  /// - Returns: the path of the copy; nil where there was no file.
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
