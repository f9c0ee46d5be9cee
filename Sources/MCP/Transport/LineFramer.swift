#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// Cuts a stream of bytes into lines, whatever pieces it comes in. A line over the limit is not kept, only reported.
struct LineFramer: Sendable {
  enum Line: Hashable, Sendable {
    /// Without its end; a carriage return before it is left, it is space to JSON.
    case line([UInt8])
    case tooLong
  }

  private let limit: Int
  private var buffer: [UInt8] = []
  private var start = 0
  private var scanned = 0
  private var isSkipping = false

  init(limit: Int) {
    self.limit = limit
  }

  /// The bytes that are kept.
  var bufferedBytes: Int { buffer.count - start }

  mutating func append(_ bytes: [UInt8]) {
    dropConsumed()
    buffer.append(contentsOf: bytes)
  }

  /// The next whole line that is not blank; `nil` until more bytes come.
  mutating func next() -> Line? {
    while let end = newline() {
      let line = start..<end
      start = end + 1
      scanned = start
      if isSkipping {
        isSkipping = false
      } else if line.count > limit {
        return .tooLong
      } else if !isBlank(line) {
        return .line(Array(buffer[line]))
      }
    }
    return checkLength()
  }

  /// What is left at the end of input: a last line without its end, where it is not blank.
  mutating func rest() -> Line? {
    defer { buffer = [] }
    let line = start..<buffer.count
    return isSkipping || isBlank(line) ? nil : .line(Array(buffer[line]))
  }

  private mutating func checkLength() -> Line? {
    scanned = buffer.count
    if isSkipping {
      start = buffer.count
    } else if bufferedBytes > limit {
      start = buffer.count
      isSkipping = true
      return .tooLong
    }
    return nil
  }

  private mutating func newline() -> Int? {
    buffer.withUnsafeBufferPointer { bytes -> Int? in
      guard let base = bytes.baseAddress, scanned < bytes.count else { return nil }
      guard let found = memchr(base + scanned, 0x0A, bytes.count - scanned) else { return nil }
      return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }
  }

  private func isBlank(_ range: Range<Int>) -> Bool {
    buffer[range].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
  }

  /// Gives back the memory of a long line, and moves what is left to the front.
  private mutating func dropConsumed() {
    if start == buffer.count {
      if buffer.capacity > 1 << 20 { buffer = [] } else { buffer.removeAll(keepingCapacity: true) }
    } else if start > 0 {
      buffer.removeFirst(start)
    }
    scanned -= start
    start = 0
  }
}
