/// The rules for texts that agents write.
public enum TextRule {
  /// At most 256 KiB of UTF-8, no NUL character.
  ///
  /// - Throws: `BridgeError` with the code `invalidValue` that names the field.
  public static func text(_ text: String, field: String, allowEmpty: Bool = true) throws(BridgeError) {
    let bytes = text.utf8.count
    try require(bytes > 0 || allowEmpty, "\(field) is empty: write at least one character.")
    try require(
      bytes <= Limits.textBytes,
      "\(field) has \(bytes) bytes, and at most \(Limits.textBytes) (256 KiB) are allowed: send it in parts, or name a file.")
    try noNUL(text, field: field)
  }

  /// 1 to 200 characters.
  public static func title(_ title: String) throws(BridgeError) {
    let characters = title.unicodeScalars.count
    try require(characters > 0, "title is empty: write at least one character.")
    try require(
      characters <= Limits.titleCharacters,
      "title has \(characters) characters, and at most \(Limits.titleCharacters) are allowed: move the rest into the description.")
    try noNUL(title, field: "title")
  }

  /// 1 to 200 bytes, where given.
  public static func key(_ key: String?) throws(BridgeError) {
    guard let key else { return }
    try require(
      (1...Limits.keyBytes).contains(key.utf8.count),
      "idempotency_key must have 1 to \(Limits.keyBytes) bytes: use a short unique word such as a UUID.")
    try noNUL(key, field: "idempotency_key")
  }

  /// An optional id or name: 1 to 200 bytes.
  ///
  /// - Parameter kind: what is expected, with its article.
  public static func reference(_ id: String?, field: String, kind: String = "an id") throws(BridgeError) {
    guard let id else { return }
    try require(
      (1...Limits.keyBytes).contains(id.utf8.count),
      "\(field) must be \(kind) of 1 to \(Limits.keyBytes) bytes, as another tool returned it.")
    try noNUL(id, field: field)
  }

  private static func noNUL(_ text: String, field: String) throws(BridgeError) {
    try require(!text.utf8.contains(0), "\(field) contains a NUL character (U+0000), which cannot be stored: remove it.")
  }

  private static func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(BridgeError) {
    if !condition { throw BridgeError(.invalidValue, message()) }
  }
}
