import JSON
import ProcessTesting

@testable import MCP

extension JSON {
  static func random(_ random: inout SeededGenerator, depth: Int = 0) -> JSON {
    switch Int.random(in: 0..<(depth < 4 ? 8 : 6), using: &random) {
    case 0: .null
    case 1: .bool(.random(using: &random))
    case 2: .integer(Int64(truncatingIfNeeded: random.next() >> UInt64.random(in: 0..<64, using: &random)))
    case 3: .number(finite(&random))
    case 4, 5: .string(text(&random))
    case 6: .array((0..<Int.random(in: 0..<5, using: &random)).map { _ in .random(&random, depth: depth + 1) })
    default:
      .object(
        JSONObject((0..<Int.random(in: 0..<5, using: &random)).map { _ in (text(&random), JSON.random(&random, depth: depth + 1)) }))
    }
  }

  private static func finite(_ random: inout SeededGenerator) -> Double {
    let value = Double(bitPattern: random.next())
    return value.isFinite ? value : 0.5
  }

  static func text(_ random: inout SeededGenerator) -> String {
    let special: [Unicode.Scalar] = [
      "\"", "\\", "\n", "\u{0}", "\u{1f}", "\u{2028}", "\u{85}", "é", "\u{301}", "鍵", "😀", "\u{202e}", "\u{10ffff}", "/",
    ]
    var scalars = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0..<24, using: &random) {
      if Bool.random(using: &random) {
        scalars.append(special.randomElement(using: &random) ?? "x")
      } else {
        scalars.append(Unicode.Scalar(UInt8.random(in: 0x20..<0x7f, using: &random)))
      }
    }
    return String(scalars)
  }
}
