import SystemSupport

/// Remembers for a minute that a store did not answer, so that only one hook waits for it.
public struct AwayStore: Sendable {
  private static let memory = 60.0

  private let path: String

  /// - Parameter store: what tells the store from others.
  public init(folder: String, store: String) { path = "\(folder)/away-\(String(StableHash.of([store]), radix: 16))" }

  public var isRemembered: Bool {
    guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return false }
    defer { try? file.close() }
    return file.secondsSinceModification.map { (0..<Self.memory).contains($0) } ?? false
  }

  /// Where that fails, the next hook waits as well.
  public func remember() {
    try? FileSystem.makeFolder(FileSystem.split(path).folder)
    guard let file = try? FileDescriptor.openSidecar(path) else { return }
    file.touch()
    try? file.close()
  }
}
