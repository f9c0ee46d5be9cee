import Bridge

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where the database file stands, and that its folder is there.
public enum StorePath {
  /// `~/.cowork-code-mcp/messages.db`, or the file of a workspace. HOME says what `~` is; without it the user database does.
  public static func standard(workspace: Workspace? = nil) -> String {
    let folder = home() + "/.cowork-code-mcp"
    guard let workspace else { return folder + "/messages.db" }
    return folder + "/workspaces/\(workspace)/messages.db"
  }

  /// A path in which `~` is the home folder.
  public static func expanded(_ path: String) -> String {
    path == "~" || path.hasPrefix("~/") ? home() + path.dropFirst() : path
  }

  private static func home() -> String {
    if let home = getenv("HOME"), home.pointee != 0 { return String(cString: home) }
    if let entry = getpwuid(getuid()), let folder = entry.pointee.pw_dir { return String(cString: folder) }
    return ""
  }

  /// The path behind links, so that all processes agree on what stands beside the file.
  static func resolved(_ path: String) -> String {
    if let real = realpath(path, nil) {
      defer { free(real) }
      return String(cString: real)
    }
    let (folder, name) = split(path)
    guard let real = realpath(folder, nil) else { return path }
    defer { free(real) }
    let parent = String(cString: real)
    return (parent == "/" ? "" : parent) + "/" + name
  }

  static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  /// Makes the folder (0700) and the file (0600) where they are missing; existing modes are left alone.
  static func prepare(_ path: String) throws {
    try makeFolder(split(path).folder)
    let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if file >= 0 {
      _ = close(file)
    } else if errno != EEXIST {
      throw unusable(path, errno)
    }
  }

  private static func makeFolder(_ folder: String) throws {
    guard mkdir(folder, 0o700) != 0, errno != EEXIST else { return }
    guard errno == ENOENT, folder.contains("/"), split(folder).folder != folder else { throw unusable(folder, errno) }
    try makeFolder(split(folder).folder)
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw unusable(folder, errno) }
  }

  private static func unusable(_ path: String, _ error: Int32) -> BridgeError {
    BridgeError(
      .storeUnavailable,
      "The database's place \(path) cannot be made (\(String(cString: strerror(error)))): "
        + "check the folder's rights, or name another place with --database-url.")
  }
}
