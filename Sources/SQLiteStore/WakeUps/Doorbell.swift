#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The file beside the database whose change says: look again. Its content means nothing.
struct Doorbell: Sendable {
  let path: String

  init(database: String) { path = database + "-doorbell" }

  /// Tells the other processes. Failure is harmless: the other layers see the commit as well.
  func ring() {
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { return }
    var byte: UInt8 = 1
    _ = pwrite(file, &byte, 1, 0)
    close(file)
  }
}
