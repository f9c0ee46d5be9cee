import JSON

/// The id of a request, or a progress token: a string or an integer, never null (basic, Requests). The type counts: `"5"` is not `5`.
public enum RequestID: Sendable {
  case string(String)
  case integer(Int64)

  /// `nil` for what is neither. `1.0` and `1e0` are the integer 1; an integer beyond 64 bits is refused, since it could not be echoed.
  public init?(_ value: JSON?) {
    switch value {
    case .string(let text)?: self = .string(text)
    case .integer(let number)?: self = .integer(number)
    case .number?:
      guard let whole = value?.wholeNumber else { return nil }
      self = .integer(whole)
    default: return nil
    }
  }

  public var json: JSON {
    switch self {
    case .string(let text): .string(text)
    case .integer(let number): .integer(number)
    }
  }
}

extension RequestID: Hashable {
  /// Strings are the same where their bytes are.
  public static func == (left: RequestID, right: RequestID) -> Bool {
    switch (left, right) {
    case (.string(let left), .string(let right)): ExactText.same(left, right)
    case (.integer(let left), .integer(let right)): left == right
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .string(let text): hasher.combine(ExactText(text))
    case .integer(let number): hasher.combine(number)
    }
  }
}
