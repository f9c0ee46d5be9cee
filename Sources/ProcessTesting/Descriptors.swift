import SystemSupport

/// Descriptors that no child inherits, as numbers.
public enum Descriptors {
  /// Runs a body while no child starts here.
  public static func whileNothingIsMade<Value>(_ body: () throws -> Value) rethrows -> Value { try body() }

  public static func make(_ make: () -> Int32) -> Int32 { (try? FileDescriptor.create("open", make).rawValue) ?? -1 }

  public static func makePipe() throws(SystemError) -> (read: Int32, write: Int32) {
    let ends = try FileDescriptor.makePipe()
    return (ends.reading.rawValue, ends.writing.rawValue)
  }

  public static func makeSocketPair() throws(SystemError) -> (Int32, Int32) {
    let ends = try FileDescriptor.makeSocketPair()
    return (ends.0.rawValue, ends.1.rawValue)
  }
}
