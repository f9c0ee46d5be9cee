import ArgumentParser
import Bridge
import JSON

/// Why a command failed, in one sentence for a person.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  /// Prints what went wrong to standard error and turns it into exit status 1. Wrong usage is left to ArgumentParser.
  static func reported(_ body: () async throws -> Void) async throws {
    do { try await body() } catch let error as BridgeError { try fail(error.message) } catch let error as CommandFailure {
      try fail(error.description)
    } catch let error as OutputError {
      try fail("\(error).")
    } catch let error as JSONPathError { try fail("\(error): correct the file, and install again.") }
  }

  private static func fail(_ sentence: String) throws {
    StandardStreams.writeError(sentence.harmless + "\n")
    throw ExitCode.failure
  }
}
