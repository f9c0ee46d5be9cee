import Foundation
import JSON
import SystemSupport
import Testing

/// A pseudoterminal that records what a program prints.
struct TestTerminal {
  private let terminal: FileDescriptor
  private let master: Int32

  init(columns: Int? = nil) throws {
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
    terminal = FileDescriptor(rawValue: descriptor)
    guard let columns else { return }
    var size = winsize(ws_row: 50, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(descriptor, UInt(TIOCSWINSZ), &size) == 0)
  }

  /// To be given to a program. What it printed would be lost if no other descriptor stayed open.
  var slave: FileDescriptor {
    get throws { try terminal.copy() }
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
    try? terminal.close()
    return String(decoding: text, as: UTF8.self)
  }
}

extension JSON {
  func text(_ key: String) throws -> String { try #require(self[key]?.stringValue) }
  func list(_ key: String) throws -> [JSON] { try #require(self[key]?.arrayValue) }
}
