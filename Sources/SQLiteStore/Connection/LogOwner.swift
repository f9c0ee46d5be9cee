import Bridge
import Foundation
import GRDB
import GRDBSQLite
import Logging
import SystemSupport

/// What shows whether a write-ahead log belongs to a database file.
///
/// SQLite cannot tell: it lays the log at a database's path over whatever file is there. So a record beside the database says which files
/// belonged together, and is compared with those that are there before SQLite reads the log. Only a proof counts. In doubt a log belongs to
/// the database, because after a crash it holds messages that are nowhere else: there may be no record, or one that other programs have made
/// outdated, and all files may have been moved, copied or restored together.
struct LogOwner: Equatable {
  /// The files, by names that no later file gets; empty where the file system has none.
  var database = ""
  var log = ""
  /// A random number that is new each time the log starts again from its beginning; empty while the log is empty.
  var salts: [UInt8] = []
  /// The header of the database file. While the log has these salts, only its own copies of page 1 are written there.
  var header: [UInt8] = []

  /// The files that are there now.
  init(_ db: Database, path: String) throws {
    database = try Self.openFile(db, path: path).lasting
    log = FileIdentity.lasting(path: path + "-wal") ?? ""
    let before = LogFile.salts(of: path)
    header = Self.header(db)
    if LogFile.salts(of: path) == before { salts = before }
  }

  /// The file that SQLite has open, which must be the one at the path.
  static func openFile(_ db: Database, path: String) throws -> (identity: FileIdentity, lasting: String) {
    let (identity, lasting) = (FileIdentity(path: path), FileIdentity.lasting(path: path))
    // SQLite compares the file at the path with its descriptor.
    var hasMoved: CInt = 1
    sqlite3_file_control(db.sqliteConnection, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved)
    guard let identity, hasMoved == 0, FileIdentity(path: path) == identity else { throw FileWasReplaced() }
    return (identity, lasting ?? "")
  }

  /// Read by SQLite's own descriptor: closing another one would drop SQLite's locks.
  private static func header(_ db: Database) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 100)
    let status = withFile(of: db.sqliteConnection) { $1.xRead($0, &bytes, CInt(bytes.count), 0) }
    return status == SQLITE_OK ? bytes : []
  }

  private static func withFile(
    of connection: OpaquePointer?, _ body: (UnsafeMutablePointer<sqlite3_file>, sqlite3_io_methods) -> CInt
  ) -> CInt {
    var file: UnsafeMutablePointer<sqlite3_file>?
    sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file)
    guard let file, let methods = file.pointee.pMethods else { return SQLITE_ERROR }
    return body(file, methods.pointee)
  }

  /// Closes connections of a file without a last checkpoint, which SQLite leaves out while another connection uses the file.
  static func withoutCheckpoint(path: String, _ close: () -> Void) {
    var other: OpaquePointer?
    sqlite3_open_v2(path, &other, SQLITE_OPEN_READWRITE, nil)
    _ = withFile(of: other) { $1.xLock($0, SQLITE_LOCK_SHARED) }
    close()
    sqlite3_close(other)
  }

  // MARK: The record

  init?(recordedIn record: FileDescriptor) {
    guard let bytes = record.read(upTo: 1_024, at: 0) else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard lines.count == 5, let salts = Self.bytes(lines[2]), let header = Self.bytes(lines[3]) else { return nil }
    (database, log, self.salts, self.header) = (lines[0], lines[1], salts, header)
  }

  func write(to record: FileDescriptor) {
    guard self != LogOwner(recordedIn: record) else { return }
    record.replaceContents(by: Array("\(database)\n\(log)\n\(Self.text(salts))\n\(Self.text(header))\n".utf8))
  }

  private static func text(_ bytes: [UInt8]) -> String { bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }

  private static func bytes(_ text: String) -> [UInt8]? {
    let digits = text.compactMap(\.hexDigitValue)
    guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  // MARK: The comparison

  /// Whether this record proves that the log that is there belongs to another file.
  func provesForeign(_ present: LogOwner, path: String) -> Bool {
    let isSameLog = !log.isEmpty && log == present.log
    if isSameLog, !database.isEmpty, !present.database.isEmpty, database != present.database { return true }
    guard !salts.isEmpty, salts == present.salts, !header.isEmpty, header != present.header else { return false }
    // Written over in place, unless a checkpoint has written this header.
    return LogFile.hasFirstPage(of: path, beginningWith: present.header, salts: salts) == false
  }
}

extension LogOwner {
  /// Whether the log at the path belongs to another file than the one that is open. To be asked before the first transaction opens the log.
  /// An empty one counts as well, since processes that have the other file open write to it.
  ///
  /// - Parameter record: with its lock held.
  static func isLogForeign(_ db: Database, path: String, record: FileDescriptor) throws -> Bool {
    guard let log = FileRights(path: path + "-wal") else { return false }
    // SQLite would remove the log of an empty file.
    if log.size > 0, FileRights(path: path)?.size == 0 { return true }
    guard let owner = LogOwner(recordedIn: record) else { return false }
    // Three times, because a checkpoint of another process may be writing what is read.
    for _ in 0..<3 {
      guard owner.provesForeign(try LogOwner(db, path: path), path: path) else { return false }
      Thread.sleep(forTimeInterval: 0.005)
    }
    return true
  }

  /// Renames a log that belongs to another file.
  static func setLogAside(path: String, logger: Logger) throws(BridgeError) {
    // The index of that log goes as well. Processes that have the other file open keep theirs.
    defer { FileSystem.remove(path + "-shm") }
    if FileRights(path: path + "-wal")?.size == 0 { return FileSystem.remove(path + "-wal") }
    var number = 1
    while FileSystem.allows(SidecarFiles.setAside(path) + "\(number)") { number += 1 }
    let aside = SidecarFiles.setAside(path) + "\(number)"
    do throws(SystemError) { try FileSystem.rename(path + "-wal", to: aside) } catch {
      throw BridgeError(
        .storeUnavailable,
        "The write-ahead log \(path)-wal belongs to another database file than \(path), and cannot be renamed (\(error.code)): "
          + "move it away, and call again.")
    }
    logger.warning(
      "the write-ahead log belonged to another database file and was set aside", metadata: ["database": "\(path)", "log": "\(aside)"])
  }
}

/// Another file was put at the path while SQLite opened the one before.
struct FileWasReplaced: Error {
  func described(path: String) -> BridgeError {
    BridgeError(.storeUnavailable, "The database \(path) was removed or replaced while it was being opened: call again.")
  }
}

/// The bytes of a write-ahead log. SQLite holds no locks on that file, so its descriptors may be closed.
enum LogFile {
  /// A log that is longer shrinks to this size when it begins again.
  static let sizeLimit = 16 << 20
  private static let (headerSize, frameHeaderSize) = (32, 24)

  private static func open<Value>(_ database: String, _ body: (FileDescriptor) -> Value?) -> Value? {
    guard let file = try? FileDescriptor.open(database + "-wal", .readOnly, options: [.closeOnExec, .noFollow, .nonBlocking]) else {
      return nil
    }
    defer { try? file.close() }
    return body(file)
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

  static func salts(of database: String) -> [UInt8] { open(database, salts) ?? [] }

  private static func salts(_ file: FileDescriptor) -> [UInt8] {
    guard let header = file.read(upTo: headerSize, at: 0), header.count == headerSize else { return [] }
    return Array(header[16..<24])
  }

  /// Whether the log has a copy of page 1 with this beginning; nil if the log is another one by now.
  static func hasFirstPage(of database: String, beginningWith beginning: [UInt8], salts: [UInt8]) -> Bool? {
    open(database) { file in
      let header = file.read(upTo: headerSize, at: 0) ?? []
      guard header.count == headerSize else { return nil }
      let size = number(header[8..<12])
      var (place, isFound) = (headerSize, false)
      let length = frameHeaderSize + beginning.count
      while !isFound, let frame = file.read(upTo: length, at: Int64(place)), frame.count == length, Array(frame[8..<16]) == salts {
        isFound = number(frame[0..<4]) == 1 && Array(frame[frameHeaderSize...]) == beginning
        place += frameHeaderSize + size
      }
      return self.salts(file) == salts ? isFound : nil
    }
  }
}
