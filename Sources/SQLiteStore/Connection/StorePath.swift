import Bridge
import SystemSupport

/// The path of the database file.
public enum StorePath {
  /// `~/.cowork-code-mcp/messages.db`, or the file of a workspace.
  public static func standard(workspace: Workspace? = nil) -> String {
    let folder = FileSystem.homeFolder + "/.cowork-code-mcp"
    guard let workspace else { return folder + "/messages.db" }
    return folder + "/workspaces/\(workspace)/messages.db"
  }

  /// A path in which `~` is the home folder.
  public static func expanded(_ path: String) -> String {
    path == "~" || path.hasPrefix("~/") ? FileSystem.homeFolder + path.dropFirst() : path
  }

  /// SQLite waits for ever for the other end of a pipe, and blames the disk or the rights for what is no file.
  static func requireFile(_ path: String) throws(BridgeError) {
    guard let kind = FileSystem.otherKind(path) else { return }
    throw BridgeError(
      .storeUnavailable, "\(path) is \(kind) and not a database file: move it away, or name another one with --database-url.")
  }

  /// Creates the folder (0700) and the file (0600) if missing; existing modes stay.
  static func prepare(_ path: String) throws(BridgeError) {
    do throws(SystemError) {
      try FileSystem.makeFolder(FileSystem.split(path).folder)
      _ = try FileDescriptor.createFile(path)
    } catch {
      throw BridgeError(
        .storeUnavailable,
        "The database's place \(error.function) cannot be made (\(error.code)): "
          + "check the folder's rights, or name another place with --database-url.")
    }
    try requireFile(path)
  }
}
