import Bridge
import Foundation
import PostgresClient
import PostgresStore
import SystemSupport

/// A store for a check, in the same place as one that does not exist yet or must not be changed.
struct ThrowawayStore {
  let location: StoreLocation
  private let folder: String?

  init(beside location: StoreLocation) throws {
    switch location {
    case .sqlite(let path):
      var place = FileSystem.split(path).folder
      while FileIdentity(path: place) == nil, place != FileSystem.split(place).folder { place = FileSystem.split(place).folder }
      let folder: String
      do { folder = try FileSystem.makeTemporaryFolder(in: place, ".cowork-doctor") } catch {
        throw CommandFailure("No folder for a check can be made in \(place): \(error.code).")
      }
      self.folder = folder
      self.location = .sqlite(path: folder + "/messages.db")
    case .postgres(let settings, _):
      folder = nil
      self.location = .postgres(settings, try Workspace(Identity.diagnosis().name))
    }
  }

  func remove() async {
    if let folder { try? FileManager.default.removeItem(atPath: folder) }
    guard case .postgres(let settings, let workspace) = location else { return }
    let pool = PostgresPool(settings)
    _ = await Deadline.within(.seconds(10)) {
      // If that fails, an empty schema remains; its name says what it is.
      _ = try? await pool.query("DROP SCHEMA IF EXISTS \"\(WorkspaceSchema(workspace).name)\" CASCADE")
    }
    await pool.close()
  }
}
