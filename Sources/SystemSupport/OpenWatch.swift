import Foundation

/// Tells whether programs have opened a file. On Linux only: elsewhere none is seen.
public final class OpenWatch {
  #if os(Linux)
    private let descriptor: FileDescriptor

    /// - Throws: when the system has no watches left.
    public init(path: String) throws(SystemError) {
      descriptor = try FileDescriptor.create("inotify_init1") { inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC)) }
      // Where this fails, deinit closes the descriptor.
      if inotify_add_watch(descriptor.rawValue, path, UInt32(IN_OPEN)) < 0 { throw SystemError("inotify_add_watch") }
    }

    deinit { try? descriptor.close() }

    /// Whether the file was opened since the last call.
    public func wasOpened() -> Bool {
      var isSeen = false
      while let bytes = try? descriptor.readSome(upTo: 4096), !bytes.isEmpty { isSeen = true }
      return isSeen
    }
  #else
    public init(path: String) throws(SystemError) {}

    public func wasOpened() -> Bool { false }
  #endif
}
