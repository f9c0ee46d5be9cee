import Bridge
import SystemSupport

/// Where an export goes: a new file, standard output, or a pipe or device, which is written to and never replaced.
struct ExportOutput {
  private enum Place {
    case file(NewFile)
    case stream(FileDescriptor)
  }

  private let path: String?
  private let place: Place

  /// - Throws: `CommandFailure` if there is a file already, or none can be created.
  init(_ path: String?, replacing: Bool) throws {
    self.path = path
    guard let path, path != "-", path != "/dev/stdout" else {
      place = .stream(.standardOutput)
      return
    }
    let kind = FileSystem.otherKind(path)
    if kind == "a folder" || kind == "a socket" { throw CommandFailure("\(path) is \(kind ?? ""): name a file with --output.") }
    do {
      // What stands for a descriptor of this process is one, whatever it refers to.
      if kind != nil || path.hasPrefix("/dev/fd/") || path.hasPrefix("/proc/self/fd/") {
        place = .stream(try FileDescriptor.openForWriting(path))
      } else {
        place = .file(try NewFile(path, replacing: replacing))
      }
    } catch { throw Self.failure(error, path) }
  }

  func write(_ text: String) async throws {
    if text.isEmpty { return }
    do {
      switch place {
      case .stream(let descriptor): try await StandardStreams.write(text, to: descriptor)
      case .file(let file): try file.write(text.utf8)
      }
    } catch { throw Self.failure(error, path) }
  }

  func write(_ parts: [String]) async throws { try await write(parts.joined()) }

  func finish() throws {
    guard case .file(let file) = place else { return }
    do { try file.finish() } catch { throw Self.failure(error, path) }
  }

  func discard() { if case .file(let file) = place { file.discard() } }

  private static func failure(_ error: any Error, _ path: String?) -> any Error {
    guard let error = error as? SystemError, let path else { return error }
    return error.code == .fileExists
      ? CommandFailure("\(path) is there already and was left as it is: name another file, or say --force.")
      : CommandFailure("\(path) cannot be written (\(error.code)): nothing was written; name another place with --output.")
  }
}
