import ArgumentParser
import Bridge
import ClientSetup

/// Why a command failed, in one sentence for a person.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  /// Prints what went wrong to standard error and turns it into exit status 1. Wrong usage is left to ArgumentParser.
  static func reported(_ body: () async throws -> Void) async throws {
    do { try await body() } catch let error as BridgeError {
      try fail(error.message)
    } catch let error as OutputError {
      try fail("\(error).")
    } catch let error where error is CommandFailure || error is SetupError {
      try fail("\(error)")
    }
  }

  private static func fail(_ sentence: String) throws {
    StandardStreams.writeError(sentence.harmless + "\n")
    throw ExitCode.failure
  }
}
