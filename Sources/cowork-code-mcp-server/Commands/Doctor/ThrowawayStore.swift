import Bridge
import Foundation
import PostgresClient
import PostgresStore
import SystemSupport

/// A store that is removed again, for a check in the same place as one that does not exist yet or must not be changed.
struct ThrowawayStore {
  let location: StoreLocation
  private let folder: String?

  init(beside location: StoreLocation) throws {
    switch location {
    case .sqlite(let path):
      var place = FileSystem.split(path).folder
      while FileIdentity(path: place) == nil, place != FileSystem.split(place).folder { place = FileSystem.split(place).folder }
      try self.init(in: place)
    case .postgres(let settings, _):
      self.init(location: .postgres(settings, try Workspace(Identity.diagnosis().name)), folder: nil)
    }
  }

  /// An empty file in a folder of its own.
  init(in place: String) throws {
    let folder: String
    do { folder = try FileSystem.makeTemporaryFolder(in: place, ".cowork-empty") } catch {
      throw CommandFailure("No folder for an empty store can be made in \(place): \(error.code).")
    }
    self.init(location: .sqlite(path: folder + "/messages.db"), folder: folder)
  }

  private init(location: StoreLocation, folder: String?) { (self.location, self.folder) = (location, folder) }

  func removeFolder() { if let folder { try? FileManager.default.removeItem(atPath: folder) } }

  func remove() async {
    removeFolder()
    guard case .postgres(let settings, let workspace) = location else { return }
    let pool = PostgresPool(settings)
    _ = await Deadline.within(.seconds(10)) {
      // If that fails, an empty schema remains; its name says what it is.
      _ = try? await pool.query("DROP SCHEMA IF EXISTS \"\(WorkspaceSchema(workspace).name)\" CASCADE")
    }
    await pool.close()
  }
}
