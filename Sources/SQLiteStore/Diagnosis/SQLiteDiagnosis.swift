import Bridge
import GRDB
import SystemSupport

private struct LogIsForeign: Error {}

extension SQLiteStore {
  public func diagnose() async -> Diagnosis {
    let place = FilePlace(path: connections.path)
    return await SystemThread.run { Self.diagnosis(of: place) }
  }

  /// Uses a read-only connection of its own: opening the store would create and migrate the file.
  private static func diagnosis(of place: FilePlace) -> Diagnosis {
    guard place.exists else { return Diagnosis(.absent, [place.absence, version()] + place.findings()) }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(2)
    configuration.prepareDatabase { db in
      let record = SidecarFiles.logOwner(of: place.path)
      let isForeign = try FileDescriptor.withLock(record, of: place.path) { try LogOwner.isLogForeign(db, path: place.path, record: $0) }
      if isForeign == true { throw LogIsForeign() }
    }
    let store = Finding(.ok, "store", place.path)
    do {
      try StorePath.requireFile(place.path)
      let queue = try DatabaseQueue(path: place.path, configuration: configuration)
      let (state, findings) = try queue.unsafeRead { db in
        let (state, schema) = try schema(db, place.path)
        return (state, [schema, try integrity(db, place.path), try journal(db, place.path)])
      }
      try? queue.close()
      return Diagnosis(state, [store] + findings + [version()] + place.findings())
    } catch is LogIsForeign {
      let log = Finding(
        .warning, "log", "\(place.path)-wal belongs to another database file: the first server or command sets it aside.")
      return Diagnosis(.outdated, [store, log, version()] + place.findings())
    } catch {
      let reason = storeError(error, path: place.path).message
      return Diagnosis(.unusable, [Finding(.failure, "store", reason), version()] + place.findings())
    }
  }

  private static func schema(_ db: Database, _ path: String) throws -> (Diagnosis.State, Finding) {
    guard try Migrator.tableExists("bridge_schema", db) else {
      do { try Migrator.rehearse(on: db, path: path) } catch let error as BridgeError {
        return (.unusable, Finding(.failure, "schema", error.message))
      }
      let origin = try Migrator.tableExists("messages", db) ? "It was made by another program" : "It is empty"
      return (.outdated, Finding(.ok, "schema", "\(origin): the first server adds what is missing and keeps what is there."))
    }
    let present: Int = try db.value("SELECT MAX(version) FROM bridge_schema") ?? 0
    if let finding = Finding.schema(of: "It", version: present, newest: Migrator.newest) { return (.outdated, finding) }
    return (.ready, Finding(.ok, "schema", "Version \(present), which is the newest."))
  }

  /// Large files are not checked.
  private static func integrity(_ db: Database, _ path: String) throws -> Finding {
    let size = FileRights(path: path)?.size ?? 0
    guard size < 256 << 20 else { return Finding(.ok, "integrity", "Not checked, because the file has \(size >> 20) MB.") }
    let answer = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
    guard answer != "ok" else { return Finding(.ok, "integrity", "quick_check finds no damage.") }
    return Finding(
      .failure, "integrity", "The file is damaged: \(answer)",
      advice: "Move it away and recover it: sqlite3 \(path) .recover | sqlite3 new.db")
  }

  private static func journal(_ db: Database, _ path: String) throws -> Finding {
    let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? "unknown"
    let durability = "what is accepted is on disk (synchronous=FULL)"
    if mode == "wal" { return Finding(.ok, "journal", "Write-ahead log; \(durability).") }
    if ["memory", "off"].contains(mode) {
      return Finding(
        .warning, "journal", "Journal mode \(mode): a crash in the middle of a write can damage the file.",
        advice: "sqlite3 \(path) 'PRAGMA journal_mode = WAL'")
    }
    return Finding(
      .warning, "journal", "Journal mode \(mode): \(durability), but readers and writers wait for each other.",
      advice: "Where the file system allows it: sqlite3 \(path) 'PRAGMA journal_mode = WAL'")
  }

  private static func version() -> Finding {
    let version = WriteAheadLogFault.version
    guard WriteAheadLogFault.isIn(version) else { return Finding(.ok, "SQLite", "Version \(version).") }
    return Finding(
      .warning, "SQLite", "Version \(version) has a very rare fault in its write-ahead log, which 3.51.3 fixes.",
      advice: "Update SQLite where your system offers it; nothing else needs to be done.")
  }
}
