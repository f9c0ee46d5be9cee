import Bridge
import JSON
import MCP

extension ToolParameters.Kind {
  /// What must be refused for a parameter of this kind, and what is wrong with it.
  func wrongValues(isRequired: Bool) -> [(what: String, value: JSON)] {
    wrongTypes + outside(isRequired) + (isRequired ? [("null", .null)] : [])
  }

  private var wrongTypes: [(String, JSON)] {
    var values: [(String, JSON)] = [("an array", ["cowork"]), ("an object", ["name": "cowork"])]
    switch self {
    case .boolean: values += [("0", 0), ("1", 1), ("a word", "yes"), ("upper case", "True"), ("a space", " true"), ("digits", "1")]
    case .integer:
      values += [("true", true), ("a fraction", 1.5), ("beyond 64 bits", 1e300)]
      values += ["10.5", "5.0", "abc", " 10", "10 ", "1e3", "+5", "05", "0x5", "٥", "1,000", "99999999999999999999"].map {
        ("\($0) as text", .string($0))
      }
    default: values += [("true", true), ("a number", 5), ("a fraction", 0.5)]
    }
    return values
  }

  private func outside(_ isRequired: Bool) -> [(String, JSON)] {
    let nul: [(String, JSON)] = [("NUL", "a\u{0}b"), ("only NUL", "\u{0}")]
    let empty: [(String, JSON)] = isRequired ? [("empty", "")] : []
    switch self {
    case .boolean: return []
    case .name:
      return empty + nul + [
        ("upper case", "Cowork"), ("a space", "co work"), ("a leading dash", "-x"), ("64 characters", Self.text("a", 64)),
        ("a letter beyond ASCII", "cöwork"), ("a newline", "cowork\n"), ("SQL", "x' OR '1'='1"), ("a path", "../cowork"),
        ("a long text", Self.text("x", 10_000)),
      ]
    case .id: return empty + nul + [("201 bytes", Self.text("a", 201)), ("204 bytes of 51 emoji", Self.text("🙂", 51))]
    case .text(let allowsEmpty):
      let long = Limits.textBytes
      return (allowsEmpty ? [] : empty) + nul + [
        ("one byte too many", Self.text("a", long + 1)),
        ("few characters of too many bytes", Self.text("🙂", long / 4 + 1)),
      ]
    case .title:
      return empty + nul + [
        ("201 characters", Self.text("a", 201)), ("201 emoji", Self.text("🙂", 201)),
      ]
    case .integer(let range):
      return [
        ("below", .integer(range.lowerBound - 1)), ("above", .integer(range.upperBound + 1)), ("far below", .integer(.min)),
        ("above, as text", .string("\(range.upperBound + 1)")), ("below, as text", .string("\(range.lowerBound - 1)")),
        ("far above", .integer(.max)),
      ]
    case .choice:
      return empty + [("another word", "nonsense"), ("upper case", "PENDING"), ("a space", "pending "), ("NUL", "pending\u{0}")]
    }
  }

  private static func text(_ character: String, _ count: Int) -> JSON { .string(String(repeating: character, count: count)) }
}
