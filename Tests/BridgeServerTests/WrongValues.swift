import Bridge
import JSON
import MCP

extension ToolParameters.Kind {
  /// What must be refused for a parameter of this kind, and what is wrong with it.
  var wrongValues: [(what: String, value: JSON)] { wrongTypes + outside }

  private var wrongTypes: [(String, JSON)] {
    var values: [(String, JSON)] = [("null", .null), ("an array", ["cowork"]), ("an object", ["name": "cowork"])]
    switch self {
    case .boolean: values += [("0", 0), ("1", 1), ("a word", "true"), ("empty", "")]
    case .integer: values += [("true", true), ("digits in quotes", "5"), ("empty", ""), ("a fraction", 1.5), ("beyond 64 bits", 1e300)]
    default: values += [("true", true), ("a number", 5), ("a fraction", 0.5)]
    }
    return values
  }

  private var outside: [(String, JSON)] {
    let nul: [(String, JSON)] = [("NUL", "a\u{0}b"), ("only NUL", "\u{0}")]
    let empty: [(String, JSON)] = [("empty", "")]
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
        ("far above", .integer(.max)),
      ]
    case .choice:
      return empty + [("another word", "nonsense"), ("upper case", "PENDING"), ("a space", "pending "), ("NUL", "pending\u{0}")]
    }
  }

  private static func text(_ character: String, _ count: Int) -> JSON { .string(String(repeating: character, count: count)) }
}
