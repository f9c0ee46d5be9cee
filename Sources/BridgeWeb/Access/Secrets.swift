import Bridge
import SystemSupport

/// The key that opens the page, and what the cookie holds that it is traded for: 128 random bits each. It describes itself without them.
public struct Secrets: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
  public let key: String
  let cookie: String

  init() { (key, cookie) = (Self.random(), Self.random()) }

  public var description: String { "secrets" }
  public var debugDescription: String { description }

  func isKey(_ text: String) -> Bool { Self.isSame(text, key) }
  func isCookie(_ text: String) -> Bool { Self.isSame(text, cookie) }

  /// Takes as long for every text of the same length.
  private static func isSame(_ text: String, _ secret: String) -> Bool {
    text.utf8.count == secret.utf8.count && zip(text.utf8, secret.utf8).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// 32 hexadecimal digits. The system's generator is one for cryptography.
  private static func random() -> String {
    let digits = String(UInt128.random(in: .min ... .max), radix: 16)
    return String(repeating: "0", count: 32 - digits.count) + digits
  }

  // MARK: The file

  private var line: String { "\(key) \(cookie)\n" }

  /// Nil for any other text than the line of a file.
  init?(line: String) {
    guard let (_, key, cookie) = line.wholeMatch(of: /([0-9a-f]{32}) ([0-9a-f]{32})\n/)?.output else { return nil }
    (self.key, self.cookie) = (String(key), String(cookie))
  }

  /// Those of a port: kept in a file for this user only, so that tabs and bookmarks work when the server is started again. A file that is
  /// damaged, or that others could read, is replaced.
  ///
  /// - Parameter port: 0 for one that changes, for which nothing is kept.
  /// - Throws: `BridgeError` where the file cannot be kept.
  public static func kept(for port: Int, in folder: String) throws(BridgeError) -> Secrets {
    if port == 0 { return Secrets() }
    let path = "\(folder)/\(port).key"
    do throws(SystemError) {
      try FileSystem.makeFolder(folder)
      guard let rights = FileRights(linkOrFile: folder), rights.isMine, rights.mode & 0o077 == 0 else {
        throw SystemError(folder, .permissionDenied)
      }
      if let file = FileRights(linkOrFile: path) {
        let descriptor = try FileDescriptor.openSidecar(path)
        defer { try? descriptor.close() }
        let text = descriptor.read(upTo: 100, at: 0).map { String(decoding: $0, as: UTF8.self) }
        if file.isMine, file.mode & 0o077 == 0, let secrets = text.flatMap(Secrets.init(line:)) { return secrets }
      }
      let secrets = Secrets()
      try NewFile.write(Array(secrets.line.utf8), to: path, replacing: true)
      return secrets
    } catch {
      throw BridgeError(
        .storeUnavailable,
        "The key of the page cannot be kept in \(path) (\(error)): the folder must be one of this user only (chmod 700), and the file no link; "
          + "move away what is there, or use --port 0.")
    }
  }
}
