/// Turns what libpq says about a failed connection into one line that is safe to show.
struct MessageSanitizer: Sendable {
  private let secrets: [String]

  /// Secrets shorter than 4 bytes are not hidden: they occur in any sentence.
  init(secrets: [String]) { self.secrets = secrets.filter { $0.utf8.count >= 4 } }

  struct Cleaned: Equatable {
    var text: String
    var sqlState: SQLState?
  }

  /// Takes libpq's text, written with `PQERRORS_VERBOSE` while connecting: "FATAL:  28P01: password authentication failed …".
  func clean(_ raw: String) -> Cleaned {
    var text = lines(raw).joined(separator: "; ")
    if text.hasPrefix("connection to server"), let end = text.firstRange(of: " failed: ") { text = String(text[end.upperBound...]) }
    let sqlState = extractState(&text)
    return Cleaned(text: hideSecrets(in: text), sqlState: sqlState)
  }

  func hideSecrets(in text: String) -> String {
    secrets.reduce(text) { $0.replacing($1, with: "***").replacing(percentEncoded($1), with: "***") }
  }

  private func lines(_ raw: String) -> [String] {
    raw.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.hasPrefix("LOCATION:") }
  }

  private func extractState(_ text: inout String) -> SQLState? {
    guard let mark = text.firstRange(of: ":  ") else { return nil }
    let rest = text[mark.upperBound...]
    let state = rest.prefix(5)
    guard rest.dropFirst(5).hasPrefix(": "), state.utf8.count == 5, state.allSatisfy({ $0.isASCII && ($0.isUppercase || $0.isNumber) })
    else {
      return nil
    }
    let result = SQLState(String(state))
    text = String(rest.dropFirst(7))
    return result
  }

  private func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    return text.utf8.reduce(into: "") { result, byte in
      let scalar = Character(Unicode.Scalar(byte))
      if scalar.isASCII, scalar.isLetter || scalar.isNumber || "-._~".contains(scalar) {
        result.append(scalar)
      } else {
        result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
      }
    }
  }
}
