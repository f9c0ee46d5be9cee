import Foundation

/// A file that appears at its place only when it is complete; until then it stands beside it.
final class NewFile {
  private let path: String
  private let draft: String
  private let replacing: Bool
  private let descriptor: Int32

  /// - Throws: `CommandFailure` where there is a file already, or none can be made.
  init(_ path: String, replacing: Bool) throws {
    self.path = path
    self.replacing = replacing
    draft = path + ".partial-\(getpid())"
    var info = stat()
    if !replacing, lstat(path, &info) == 0 { throw Self.exists(path) }
    descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw Self.failure(path, errno) }
  }

  func write(_ text: String) throws {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 { bytes = bytes.dropFirst(count) } else if errno != EINTR { throw Self.failure(path, errno) }
    }
  }

  /// Puts it in its place.
  func finish() throws {
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw Self.failure(path, errno) }
    if replacing {
      guard rename(draft, path) == 0 else { throw Self.failure(path, errno) }
    } else {
      // Unlike a renaming, a link never takes another file's place.
      guard link(draft, path) == 0 else { throw errno == EEXIST ? Self.exists(path) : Self.failure(path, errno) }
      unlink(draft)
    }
    close(descriptor)
  }

  func discard() {
    unlink(draft)
    close(descriptor)
  }

  private static func exists(_ path: String) -> CommandFailure {
    CommandFailure("\(path) is there already and was left as it is: name another file, or say --force.")
  }

  private static func failure(_ path: String, _ number: Int32) -> CommandFailure {
    CommandFailure(
      "\(path) cannot be written (\(String(cString: strerror(number)))): nothing was written; name another place with --output.")
  }
}
