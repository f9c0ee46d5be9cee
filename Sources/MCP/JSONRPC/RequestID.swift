import JSON

/// The id of a request, or a progress token: a string or an integer, never null (basic, Requests). The type counts: `"5"` is not `5`.
public enum RequestID: Hashable, Sendable {
  case string(ExactText)
  case integer(Int64)

  /// `nil` for what is neither. `1.0` and `1e0` are the integer 1; an integer beyond 64 bits is refused, since it could not be echoed.
  public init?(_ value: JSON?) {
    switch value {
    case .string(let text)?: self = .string(ExactText(text))
    case .integer(let number)?: self = .integer(number)
    case .number?:
      guard let whole = value?.wholeNumber else { return nil }
      self = .integer(whole)
    default: return nil
    }
  }

  public var json: JSON {
    switch self {
    case .string(let text): .string(text.text)
    case .integer(let number): .integer(number)
    }
  }
}
