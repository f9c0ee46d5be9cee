/// Names of schemas, tables and channels, which cannot be parameters.
public enum PostgresQuoting {
  /// The longest identifier in bytes (NAMEDATALEN - 1). The server cuts longer ones without an error.
  public static let maximumIdentifierBytes = 63

  /// `"name"`, with inner quotes doubled. Throws `.invalidParameter` for an empty name, one over 63 bytes, or one with a NUL.
  public static func identifier(_ name: String) throws(PostgresError) -> String {
    guard !name.isEmpty, name.utf8.count <= maximumIdentifierBytes, !name.utf8.contains(0) else {
      throw PostgresError(
        .invalidParameter,
        "A name of \(name.utf8.count) bytes cannot be an identifier: it takes 1 to \(maximumIdentifierBytes) bytes without NUL.")
    }
    // By scalars: a combining mark after a quote would hide it from a comparison of characters.
    return "\"" + String(String.UnicodeScalarView(name.unicodeScalars.flatMap { $0 == "\"" ? [$0, $0] : [$0] })) + "\""
  }
}
