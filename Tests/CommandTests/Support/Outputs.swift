import Foundation
import ProcessTesting
import Testing

/// A pipe whose other end the test holds.
struct TestPipe: Sendable {
  let reading: Int32
  let writing: FileHandle

  init() throws {
    let ends = try Descriptors.makePipe()
    reading = ends.read
    writing = FileHandle(fileDescriptor: ends.write, closeOnDealloc: true)
  }

  /// A pipe without a reader.
  static func broken() throws -> FileHandle {
    let pipe = try TestPipe()
    close(pipe.reading)
    return pipe.writing
  }

  /// Waits until a text has arrived.
  func wait(for text: String) async throws {
    let found = await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        var bytes = [UInt8]()
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: bytes, as: UTF8.self).contains(text) {
          let count = read(reading, &buffer, buffer.count)
          if count <= 0 { return continuation.resume(returning: false) }
          bytes += buffer.prefix(count)
        }
        continuation.resume(returning: true)
      }
    }
    try #require(found, "\"\(text)\" never came")
  }
}

/// A pseudoterminal that records what a program prints.
struct TestTerminal {
  let slave: FileHandle
  private let master: Int32

  init() throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(master >= 0)
    #if os(Linux)
      // As unlockpt and ptsname, which Swift does not see here.
      var number: Int32 = 0
      try #require(ioctl(master, UInt(0x4004_5431), &number) == 0)
      try #require(ioctl(master, UInt(0x8004_5430), &number) == 0)
      let name = "/dev/pts/\(number)"
    #else
      try #require(grantpt(master) == 0 && unlockpt(master) == 0)
      let name = String(cString: try #require(ptsname(master)))
    #endif
    let descriptor = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(descriptor >= 0)
    slave = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// What has been printed so far; short enough for the terminal's buffer.
  func printed() -> String {
    var text = [UInt8]()
    var buffer = [UInt8](repeating: 0, count: 4096)
    var polled = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
    while poll(&polled, 1, 0) > 0, polled.revents & Int16(POLLIN) != 0 {
      let count = read(master, &buffer, buffer.count)
      if count <= 0 { break }
      text += buffer.prefix(count)
    }
    close(master)
    return String(decoding: text, as: UTF8.self)
  }
}
