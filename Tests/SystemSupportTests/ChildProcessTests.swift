import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ChildProcessTests {
  private let environment = ["PATH": "/usr/bin:/bin", "GREETING": "hello"]

  private func shell(_ script: String, input: ChildProcess.Stream = .null, output: ChildProcess.Stream = .pipe) throws -> ChildProcess {
    try ChildProcess(["sh", "-c", script], environment: environment, input: input, output: output)
  }

  @Test(arguments: [
    ("exit 0", TerminationStatus.exited(0)), ("exit 7", .exited(7)), ("kill -9 $$", .signalled(9)), ("kill -15 $$", .signalled(15)),
  ])
  func theEndIsReported(script: String, status: TerminationStatus) async throws {
    let child = try shell(script, output: .null)
    async let other = child.exit()
    #expect(child.wait() == status)
    #expect(await other == status)
  }

  @Test(arguments: [(TerminationStatus.exited(3), Int32(3)), (.signalled(9), 137)])
  func aStatusReadsAsInAShell(status: TerminationStatus, code: Int32) { #expect(status.code == code) }

  @Test func aPipeCarriesInputAndOutput() throws {
    let child = try shell("cat; echo $GREETING; echo ${HOME-none}", input: .pipe)
    let (input, output) = (try #require(child.input), try #require(child.output))
    #expect(child.errors == nil)
    try input.writeCompletely(Array("in\n".utf8))
    try input.close()
    #expect(String(decoding: try output.readToEnd(), as: UTF8.self) == "in\nhello\nnone\n")
    try output.close()
    #expect(child.wait() == .exited(0))
  }

  @Test func aChildInheritsNoPipeOfAnother() async throws {
    // Each child ends with its input: one that held another's input would keep it alive.
    try await withThrowingTaskGroup(of: TerminationStatus.self) { group in
      for _ in 0..<20 {
        group.addTask {
          let child = try shell("cat", input: .pipe, output: .null)
          try child.input?.close()
          return await child.exit()
        }
      }
      for try await status in group { #expect(status == .exited(0)) }
    }
    let (reading, writing) = try FileDescriptor.makePipe()
    let sleeper = try shell("read line", input: .pipe, output: .null)
    try writing.close()
    #expect(try reading.readToEnd().isEmpty)
    try reading.close()
    sleeper.kill()
    #expect(sleeper.wait() == .signalled(9))
    try sleeper.input?.close()
  }

  /// As libraries open them.
  @Test func aChildInheritsNoDescriptorWithoutAMark() throws {
    let unmarked = try FileDescriptor.open("/dev/null", .readOnly)
    defer { try? unmarked.close() }
    let child = try shell("[ -e /dev/fd/\(unmarked.rawValue) ] && echo inherited; echo done")
    let output = try #require(child.output)
    #expect(String(decoding: try output.readToEnd(), as: UTF8.self) == "done\n")
    try output.close()
    #expect(child.wait() == .exited(0))
  }

  @Test func aProgramThatIsMissingIsNamed() {
    #expect(throws: SystemError("posix_spawn no-such-program", .noSuchFileOrDirectory)) {
      try ChildProcess(["no-such-program"], environment: environment)
    }
  }

  @Test func aSignalAfterTheEndHitsNobody() throws {
    let child = try shell("exit 0", output: .null)
    _ = child.wait()
    child.kill()
  }
}
