import Bridge
import BridgeServer
import SystemSupport

/// Whether it can be recorded what sessions have been told. If not, nothing wakes them.
enum SessionRecords {
  static func finding() -> Finding {
    var folder = SessionRecord.folder
    // Where it is missing, it is made like those above it.
    while FileIdentity(path: folder) == nil, folder.count > 1 { folder = FileSystem.split(folder).folder }
    do {
      let file = try NewFile.temporary(in: folder)
      defer { try? file.close() }
      try file.writeCompletely("told\n".utf8)
    } catch {
      return Finding(
        .warning, "session records",
        "What sessions have been told cannot be recorded in \(SessionRecord.folder) (\(error.code)), so nothing wakes an idle session.",
        advice: "Make it a folder that you may write to, on a disk with free space.")
    }
    return Finding(.ok, "session records", "What sessions have been told can be recorded.")
  }
}
