import JSON

/// Where the values of a JSON text stand in it.
struct JSONTextNode: Sendable {
  struct Member: Sendable {
    let key: String
    /// From the key to the end of the value.
    let whole: Range<Int>
    let value: JSONTextNode
  }

  indirect enum Kind: Sendable {
    case object([Member])
    case array([JSONTextNode])
    case scalar
  }

  let range: Range<Int>
  let kind: Kind

  /// - Parameter bytes: known to be valid JSON.
  static func of(_ bytes: [UInt8]) -> JSONTextNode {
    var scanner = Scanner(bytes: bytes)
    return scanner.value()
  }

  /// Where the members or elements stand, and which of them is meant.
  func items(at step: JSONText.Step) -> (ranges: [Range<Int>], index: Int?) {
    switch (kind, step) {
    case (.object(let members), .key(let key)): (members.map(\.whole), members.firstIndex { $0.key == key })
    case (.array(let elements), .index(let index)): (elements.map(\.range), elements.indices.contains(index) ? index : nil)
    default: ([], nil)
    }
  }

  private struct Scanner {
    let bytes: [UInt8]
    var index = 0

    mutating func value() -> JSONTextNode {
      skipSpace()
      let start = index
      switch byte {
      case UInt8(ascii: "{"):
        var members: [Member] = []
        items {
          let begin = $0.index
          let key = $0.string()
          $0.skipSpace()
          $0.index += 1
          let value = $0.value()
          members.append(Member(key: key, whole: begin..<$0.index, value: value))
        }
        return JSONTextNode(range: start..<index, kind: .object(members))
      case UInt8(ascii: "["):
        var elements: [JSONTextNode] = []
        items { elements.append($0.value()) }
        return JSONTextNode(range: start..<index, kind: .array(elements))
      case UInt8(ascii: "\""):
        _ = string()
      default:
        while let byte, !Self.ends.contains(byte) { index += 1 }
      }
      return JSONTextNode(range: start..<index, kind: .scalar)
    }

    private static let ends = Array(",]} \t\r\n".utf8)

    private var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
      while let byte, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { index += 1 }
    }

    private mutating func items(_ item: (inout Scanner) -> Void) {
      index += 1
      skipSpace()
      while let byte, byte != UInt8(ascii: "}"), byte != UInt8(ascii: "]") {
        item(&self)
        skipSpace()
        if self.byte == UInt8(ascii: ",") {
          index += 1
          skipSpace()
        }
      }
      index += 1
    }

    private mutating func string() -> String {
      let start = index
      index += 1
      while let byte, byte != UInt8(ascii: "\"") { index += byte == UInt8(ascii: "\\") ? 2 : 1 }
      index += 1
      return (try? JSON(decoding: Array(bytes[start..<min(index, bytes.count)])))?.stringValue ?? ""
    }
  }
}
