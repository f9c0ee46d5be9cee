import BridgeServer
import Foundation
import SQLiteStore

/// Where what sessions were told is kept: one folder for all stores.
enum SessionFiles {
  static var folder: String {
    (StorePath.standard() as NSString).deletingLastPathComponent + "/sessions"
  }

  /// Nil where the id cannot name a file.
  static func record(session: String, agent: String) -> SessionRecord? {
    SessionRecord(folder: folder, session: session, agent: agent)
  }
}
