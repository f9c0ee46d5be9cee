import Foundation
import JSON
import SystemSupport

/// A client's configuration file, with the changes that are to be made.
struct ConfigurationFile: Sendable {
  /// Links are resolved, so that a link stays one.
  let path: String
  private let exists: Bool
  private(set) var text: EditedText
  /// Without a change of space, which would show what is others'.
  private var shown: EditedText?
  /// What a difference must not show.
  var secrets: [String] = []
  /// Whether the file is to be removed, since nothing is left in it.
  private(set) var isObsolete = false

  init(reading path: String) throws(SetupError) {
    guard FileSystem.isText(path) else { throw SetupError("\(path) leads to a folder whose path is not UTF-8, and nothing was changed.") }
    self.path = FileSystem.resolved(path)
    if let kind = FileSystem.otherKind(self.path) { throw SetupError("\(path) is \(kind), not a file, and was not changed.") }
    do throws(SystemError) {
      let bytes = try Self.contents(of: self.path)
      (exists, text) = (bytes != nil, EditedText(bytes ?? []))
    } catch {
      throw SetupError("\(path) cannot be read (\(error.code)), and nothing was changed\(Self.advice(error.code, "its permissions")).")
    }
  }

  /// Nil where there is no file.
  private static func contents(of path: String) throws(SystemError) -> [UInt8]? {
    let file: FileDescriptor
    do { file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking]) } catch {
      let code = error as? Errno ?? .ioError
      if code == .noSuchFileOrDirectory { return nil }
      throw SystemError("open \(path)", code)
    }
    defer { try? file.close() }
    return try file.readToEnd()
  }

  mutating func edit(_ body: (inout EditedText) throws -> Void) throws(SetupError) {
    do { try body(&text) } catch let error as JSONError {
      throw SetupError("\(path) is not valid JSON, and nothing was changed: \(error) Correct it, and try again.")
    } catch let error as ForeignEntry {
      throw SetupError("\(path) was not changed: \(error).")
    } catch {
      let reason = "\(error)"
      let end = reason.hasSuffix(".") ? "" : "."
      throw SetupError("\(path) cannot be edited, and nothing was changed: \(reason)\(end) Correct it, and try again.")
    }
  }

  /// Takes back the very bytes of an earlier text that differs from this one in space only.
  mutating func restore(_ earlier: EditedText?) {
    guard isChanged, let earlier, Self.withoutSpace(text.bytes) == Self.withoutSpace(earlier.bytes) else { return }
    shown = text
    text.replace(0..<text.bytes.count, by: earlier.bytes)
  }

  /// Space within quotation marks counts.
  private static func withoutSpace(_ bytes: [UInt8]) -> [UInt8] {
    var (rest, isInText, isEscaped) = ([UInt8](), false, false)
    for byte in bytes where isInText || !isSpace(byte) {
      rest.append(byte)
      if byte == UInt8(ascii: "\""), !isEscaped { isInText.toggle() }
      isEscaped = isInText && byte == UInt8(ascii: "\\") && !isEscaped
    }
    return rest
  }

  /// Marks the file as obsolete if only an empty object is left, and an earlier text held not even that.
  mutating func removeIfEmpty(earlier: EditedText?) {
    let rest = text.bytes.lazy.filter { !Self.isSpace($0) }.prefix(3)
    guard exists, isChanged, rest.isEmpty || rest.elementsEqual("{}".utf8) else { return }
    if let earlier, earlier.bytes.allSatisfy(Self.isSpace) { text.replace(0..<text.bytes.count, by: earlier.bytes) }
    isObsolete = earlier == nil
  }

  /// Or part of a byte order mark.
  private static func isSpace(_ byte: UInt8) -> Bool { "\u{FEFF} \t\r\n".utf8.contains(byte) }

  /// What helps against a failure, as the end of a sentence.
  private static func advice(_ code: Errno, _ permissions: String) -> String {
    switch code {
    case .permissionDenied, .notPermitted: ": check \(permissions)"
    case .notDirectory: ": a part of its path is a file, where a folder should be"
    case .tooManySymbolicLinkLevels: ": its links lead in a circle"
    case .noSpace, .diskQuotaExceeded: ": make room on its disk"
    default: ""
    }
  }

  var isChanged: Bool { text.isChanged }

  var difference: String { ChangeText.of(shown ?? text, name: path, isNew: !exists, hiding: secrets) }

  /// The newest copy of the file that satisfies a condition.
  func earlier(_ condition: (EditedText) -> Bool) -> EditedText? { copies.first(where: condition) }

  /// Whether there are copies, and all satisfy a condition.
  func isInAllCopies(_ condition: (EditedText) -> Bool) -> Bool { !copies.isEmpty && copies.allSatisfy(condition) }

  /// The newest first.
  private var copies: some Collection<EditedText> {
    let (folder, name) = FileSystem.split(path)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasPrefix(name + ".backup-") }.sorted(by: >).lazy
      .compactMap { FileSystem.contents(of: "\(folder)/\($0)").map { EditedText($0) } }
  }

  private func failure(_ what: String, _ code: Errno, _ state: String) -> SetupError {
    SetupError("\(path) cannot be \(what) (\(code)), and \(state)\(Self.advice(code, "the permissions of its folder")).")
  }

  /// Whether the file is what it was when it was read.
  var isAsItWas: Bool { (try? Self.contents(of: path)) == (exists ? text.original : nil) }

  // MARK: Writing

  /// The complete file, ready to be put into its place; nil where it is to be removed.
  func draft() throws(SetupError) -> NewFile? {
    if exists, !isWritable { throw SetupError("\(path) is read-only, and nothing was changed: chmod u+w \(path.shellQuoted)") }
    if isObsolete { return nil }
    do throws(SystemError) {
      try FileSystem.makeFolder(FileSystem.split(path).folder)
      let file = try NewFile(path, replacing: exists)
      do throws(SystemError) {
        try file.write(text.bytes)
        if exists { file.adoptRights(of: path) }
      } catch {
        file.discard()
        throw error
      }
      return file
    } catch {
      throw error.code == .fileExists && !exists ? changedMeanwhile : failure("written", error.code, "nothing was changed")
    }
  }

  /// The modes count even for root, who may write everything.
  private var isWritable: Bool { FileSystem.allows(path, writing: true) && FileRights(path: path).map { $0.mode & 0o222 != 0 } ?? true }

  /// - Throws: if the file is not what it was when it was read. Discard the draft then.
  func put(_ draft: NewFile?) throws(SetupError) {
    // Where there was none, the draft replaces none.
    if exists, !isAsItWas { throw changedMeanwhile }
    guard let draft else { return FileSystem.remove(path) }
    do throws(SystemError) { try draft.finish() } catch {
      throw error.code == .fileExists && !exists ? changedMeanwhile : failure("written", error.code, "was not changed")
    }
  }

  private var changedMeanwhile: SetupError {
    SetupError("\(path) has been changed by another program meanwhile, and was left as it is: try again.")
  }

  /// Copies the file as it is on disk.
  ///
  /// - Returns: the path of the copy; nil where there was no file.
  func backUp() throws(SetupError) -> String? {
    guard exists else { return nil }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyyMMdd-HHmmss"
    let stem = "\(path).backup-\(formatter.string(from: Date()))"
    let names = (0..<100).map { $0 == 0 ? stem : "\(stem)-\($0 < 10 ? "0" : "")\($0)" }
    for copy in names {
      do throws(SystemError) {
        let file = try NewFile(copy, replacing: false)
        do throws(SystemError) {
          try file.write(text.original)
          file.adoptRights(of: path)
          try file.finish()
        } catch {
          file.discard()
          throw error
        }
        return copy
      } catch {
        if error.code != .fileExists { throw failure("copied", error.code, "nothing was changed") }
      }
    }
    throw SetupError("There are too many copies \(stem)-…; nothing was changed: remove some of them.")
  }
}
