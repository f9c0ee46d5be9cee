import Foundation

@_exported import struct SystemPackage.Errno
@_exported import struct SystemPackage.FileDescriptor
@_exported import struct SystemPackage.FilePermissions

/// A call to the operating system that failed.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The function that failed.
  public let function: String
  public let code: Errno

  public init(_ function: String, _ code: Errno = .current) {
    self.function = function
    self.code = code
  }

  public var description: String { "\(function) failed: \(code)" }
}

extension Errno {
  /// `errno` of this thread.
  public static var current: Errno { Errno(rawValue: errno) }
}

/// The variables that this process was started with. An empty one counts as unset.
public enum Environment {
  /// Variables that count instead, to tell what another process would make of them.
  @TaskLocal public static var replaced: [String: String]?

  public static subscript(name: String) -> String? {
    if let replaced { return replaced[name].flatMap { $0.isEmpty ? nil : $0 } }
    return getenv(name).flatMap { $0.pointee == 0 ? nil : String(cString: $0) }
  }

  /// Whether a variable is unset, or holds UTF-8. What is read of any other is altered.
  public static func isText(_ name: String) -> Bool { getenv(name).map { String(validatingCString: $0) != nil } ?? true }

  public static var isRoot: Bool { geteuid() == 0 }
}

/// The time that the machine's clock shows; it may be set.
public enum WallClock {
  /// Seconds since 1970.
  public static var now: Double { Date().timeIntervalSince1970 }
}
