/// Text that becomes part of a statement. Prefer parameters; names of schemas, tables and channels cannot be parameters.
public enum PostgresQuoting {
  /// Longest identifier in bytes (NAMEDATALEN - 1). The server cuts longer ones without an error.
  public static let maximumIdentifierBytes = 63

  /// `"name"`, with inner quotes doubled. Throws `.invalidParameter` for an empty name, one over 63 bytes, or one with a NUL.
  public static func identifier(_ name: String) throws(PostgresError) -> String {
    guard !name.isEmpty, name.utf8.count <= maximumIdentifierBytes, !name.utf8.contains(0) else {
      throw PostgresError(
        .invalidParameter,
        "A name of \(name.utf8.count) bytes cannot be an identifier: it takes 1 to \(maximumIdentifierBytes) bytes without NUL.")
    }
    return doubled("\"", in: name, prefix: "")
  }

  /// `'text'`, right whatever `standard_conforming_strings` says. Throws `.invalidParameter` for a text with a NUL.
  public static func literal(_ text: String) throws(PostgresError) -> String {
    guard !text.utf8.contains(0) else {
      throw PostgresError(.invalidParameter, "A text with a NUL character cannot be a literal; Postgres cannot store it.")
    }
    guard text.utf8.contains(UInt8(ascii: "\\")) else { return doubled("'", in: text, prefix: "") }
    return doubled("'", in: doubleBackslashes(text), prefix: " E")
  }

  private static func doubled(_ quote: Unicode.Scalar, in text: String, prefix: String) -> String {
    var result = prefix.unicodeScalars
    result.append(quote)
    for scalar in text.unicodeScalars {
      if scalar == quote { result.append(quote) }
      result.append(scalar)
    }
    result.append(quote)
    return String(result)
  }

  private static func doubleBackslashes(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar == "\\" { result.append(scalar) }
      result.append(scalar)
    }
    return String(result)
  }
}
