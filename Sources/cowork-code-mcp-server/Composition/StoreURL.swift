import Bridge
import Foundation
import SystemSupport

/// Text in which a client or a shell should have put a value.
enum Placeholder {
  /// A `$` alone may be part of a password or a path: only what begins a word, or is written in capitals, is taken for a variable.
  static func isIn(_ text: String) -> Bool {
    // Compiling the expression would take 0.4 ms of a command's start.
    (text.contains("$") || text.contains("{{")) && text.contains(/\$[{(]|\{\{|\$[A-Z_]|(^|[\/:@=&?])\$[a-z]/)
  }
}

/// Checks of a store's URL before anything is opened. None quotes it, since it may hold a password.
enum StoreURL {
  /// - Returns: the URL without white space around it.
  static func checked(_ text: String) throws(BridgeError) -> String {
    let url = text.trimmingCharacters(in: .whitespacesAndNewlines)
    if url.isEmpty { throw wrong("is empty: name a store, or leave it out.") }
    if Placeholder.isIn(url) {
      throw wrong("holds a variable that nothing has replaced (${…}, $NAME or {{…}}): write its value. A $ in a Postgres URL is %24.")
    }
    if url.contains("="), url.contains(/^(host|hostaddr|port|dbname|user|password|passfile|service|sslmode|options)\s*=/.ignoresCase()) {
      throw wrong("is a list of libpq's settings: write postgres://user@host:5432/database?sslmode=… instead.")
    }
    // A path with a colon in its first part is that of a file only with ./ before it.
    guard url.contains(":"), !url.contains("://"), let word = url.prefixMatch(of: /([^\/]+):/)?.1, word.lowercased() != "sqlite" else {
      return url
    }
    throw wrong("is neither a URL nor the path of a file: write postgres://user@host:5432/database, sqlite:///absolute/path.db or ./FILE.")
  }

  /// The default file, the workspaces' and `~` are below it.
  static func requireHome() throws(BridgeError) {
    guard !FileSystem.homeFolder.hasPrefix("/") else { return }
    throw BridgeError(.invalidValue, "HOME is no absolute path in UTF-8: set it to your home folder, such as /home/me.")
  }

  private static func wrong(_ fault: String) -> BridgeError { BridgeError(.invalidValue, "The database URL \(fault)") }
}
