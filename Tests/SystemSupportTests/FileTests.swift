import Foundation
import Testing

@testable import SystemSupport

@Suite(.timeLimit(.minutes(1))) struct FileTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let make = try ChildProcess(["mktemp", "-d"], environment: ["PATH": "/usr/bin:/bin"], output: .pipe)
    let output = try #require(make.output)
    let folder = String(decoding: try output.readToEnd().dropLast(), as: UTF8.self)
    try output.close()
    defer { _ = try? ChildProcess(["rm", "-rf", folder], environment: ["PATH": "/usr/bin:/bin"]).wait() }
    #expect(make.wait() == .exited(0))
    try body(folder)
  }

  private func contents(_ path: String) throws -> String {
    let file = try FileDescriptor.open(path, .readOnly)
    defer { try? file.close() }
    return String(decoding: try file.readToEnd(), as: UTF8.self)
  }

  @Test func aNewFileAppearsOnlyWhenItIsComplete() throws {
    try withFolder { folder in
      let path = folder + "/file"
      let file = try NewFile(path, replacing: false)
      try file.write(Array("one".utf8))
      #expect(FileIdentity(path: path) == nil)
      try file.write(Array(" two".utf8))
      try file.finish()
      #expect(try contents(path) == "one two")
    }
  }

  @Test func aFileIsReplacedOnlyWhereThatIsAllowed() throws {
    try withFolder { folder in
      let path = folder + "/file"
      try NewFile.write(Array("one".utf8), to: path, replacing: false)
      let first = FileIdentity(path: path)
      #expect(throws: SystemError("create \(path)", .fileExists)) { try NewFile.write([], to: path, replacing: false) }
      #expect(FileIdentity(path: path) == first)
      try NewFile.write(Array("two".utf8), to: path, replacing: true)
      #expect(try contents(path) == "two")
      #expect(FileIdentity(path: path) != first)
    }
  }

  @Test func aFileThatAppearsMeanwhileIsNotReplaced() throws {
    try withFolder { folder in
      let path = folder + "/file"
      let late = try NewFile(path, replacing: false)
      #expect(try FileDescriptor.createFile(path))
      #expect(throws: SystemError("link \(path)", .fileExists)) { try late.finish() }
      late.discard()
      #expect(try contents(path).isEmpty)
    }
  }

  /// As on exFAT.
  @Test func aFileSystemWithoutLinksIsServed() throws {
    try withFolder { folder in
      func noLinks(_: String, _: String) -> Int32 {
        errno = EPERM
        return -1
      }
      let path = folder + "/file"
      let file = try NewFile(path, replacing: false)
      try file.write(Array("one".utf8))
      try file.finish(linking: noLinks)
      #expect(try contents(path) == "one")
      let names = try ChildProcess(["ls", folder], environment: ["PATH": "/usr/bin:/bin"], output: .pipe)
      #expect(try names.output?.readToEnd() == Array("file\n".utf8))
      let other = folder + "/other"
      let late = try NewFile(other, replacing: false)
      #expect(try FileDescriptor.createFile(other))
      #expect(throws: SystemError("link \(other)", .fileExists)) { try late.finish(linking: noLinks) }
      late.discard()
      #expect(try contents(other).isEmpty)
    }
  }

  @Test func onlyAFileIsReplaced() throws {
    try withFolder { folder in
      let path = folder + "/pipe"
      #expect(mkfifo(path, 0o600) == 0)
      #expect(throws: SystemError.self) { try NewFile.write(Array("x".utf8), to: path, replacing: true) }
      #expect(FileSystem.otherKind(path) == "a pipe")
    }
  }

  @Test func aLinkIsNotFollowedToASidecar() throws {
    try withFolder { folder in
      _ = try FileDescriptor.createFile(folder + "/victim")
      _ = try ChildProcess(["ln", "-s", folder + "/victim", folder + "/side"], environment: ["PATH": "/usr/bin:/bin"]).wait()
      #expect(throws: SystemError("open \(folder)/side", .tooManySymbolicLinkLevels)) { try FileDescriptor.openSidecar(folder + "/side") }
      let sidecar = try FileDescriptor.openSidecar(folder + "/other")
      #expect(sidecar.secondsSinceModification == nil)
      sidecar.touch()
      #expect((0..<10).contains(try #require(sidecar.secondsSinceModification)))
      try sidecar.close()
    }
  }

  /// Each in place of the file: a link, a second link to somebody's file, and a pipe that nobody writes to.
  @Test(arguments: [["ln", "-s", "victim", "side"], ["ln", "victim", "side"], ["mkfifo", "side"]])
  func somethingElseInPlaceOfASidecarIsReplaced(make: [String]) throws {
    try withFolder { folder in
      for (name, mode) in [("victim", "600"), ("model", "664")] {
        _ = try FileDescriptor.createFile("\(folder)/\(name)")
        try shell("chmod \(mode) \(folder)/\(name)")
      }
      try shell("cd \(folder) && \(make.joined(separator: " "))")
      #expect(throws: SystemError.self) { try FileDescriptor.openSidecar(folder + "/side") }
      let sidecar = try FileDescriptor.openSidecar(folder + "/side", of: folder + "/model")
      sidecar.touch()
      try sidecar.close()
      #expect(try contents(folder + "/victim").isEmpty && contents(folder + "/side").count == 1)
      #expect(FileRights(path: folder + "/side")?.mode == 0o664)
    }
  }

  private func shell(_ line: String) throws {
    #expect(try ChildProcess(["/bin/sh", "-c", line], environment: ["PATH": "/usr/bin:/bin"]).wait() == .exited(0))
  }

  @Test func aPathIsResolvedThroughLinksToWhatIsNotThere() throws {
    try withFolder { folder in
      let real = FileSystem.resolved(folder)
      try shell("cd \(folder) && mkdir a b && ln -s ../b/two a/one && ln -s \(real)/b/three b/two && ln -s loop loop")
      #expect(FileSystem.resolved(folder + "/a/one") == real + "/b/three")
      #expect(FileSystem.resolved(folder + "/loop") == real + "/loop")
    }
  }

  @Test func aLockKeepsOthersOutUntilItIsReleased() throws {
    try withFolder { folder in
      let path = folder + "/lock"
      func locked<Value>(_ path: String, _ body: (FileDescriptor) -> Value) -> Value? { FileDescriptor.withLock(path, of: folder, body) }
      #expect(locked(path) { _ in locked(path) { _ in 1 } } == .some(nil))
      #expect(locked(path) { _ in 2 } == 2)
      #expect(locked(folder + "/absent/lock") { _ in 3 } == nil)
    }
  }

  @Test(arguments: [("/a/b", "/a", "b"), ("/a", "/", "a"), ("a", ".", "a"), ("a/b/", "a/b", "")])
  func aPathIsSplit(path: String, folder: String, name: String) {
    let parts = FileSystem.split(path)
    #expect(parts.folder == folder && parts.name == name)
  }

  @Test func missingFoldersAreCreated() throws {
    try withFolder { folder in
      try FileSystem.makeFolder(folder + "/a/b/c")
      try FileSystem.makeFolder(folder + "/a/b/c")
      #expect(FileIdentity(path: folder + "/a/b/c") != nil)
      #expect(FileSystem.resolved(folder + "/a/b/../b/new") == FileSystem.resolved(folder) + "/a/b/new")
      #expect(try FileDescriptor.createFile(folder + "/file"))
      #expect(throws: SystemError("\(folder)/file/x", .notDirectory)) { try FileSystem.makeFolder(folder + "/file/x") }
    }
  }

  @Test func aFileSystemOfAnotherMachineIsFoundInTheListOfMounts() {
    let mounts = """
      22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
      40 22 0:33 / /home/a\\040b rw - nfs4 server:/export rw
      41 22 0:34 / /mnt rw shared:2 master:1 - tmpfs tmpfs rw
      42 22 0:35 / /mnt rw - fuse.sshfs host: rw
      """
    let types = ["/home/a b/c", "/home/a bc", "/mnt", "/mnt/x", "/"].map { FileSystem.remoteType(of: $0, mounts) }
    #expect(types == ["nfs4", nil, "fuse.sshfs", "fuse.sshfs", nil])
  }

  @Test func theRightsToAFileAreTold() throws {
    try withFolder { folder in
      _ = try FileDescriptor.createFile(folder + "/file")
      let rights = try #require(FileRights(path: folder + "/file"))
      #expect(rights.isMine && rights.mode == 0o600 && rights.size == 0)
      #expect(FileSystem.allows(folder + "/file", reading: true, writing: true) && !FileSystem.allows(folder + "/absent"))
      #expect(try FileSystem.freeSpace(of: folder) > 0)
    }
  }

  @Test func whatIsWrittenToAFullNonblockingPipeArrives() async throws {
    let (reading, writing) = try FileDescriptor.makePipe()
    writing.makeNonblocking()
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
    async let read = SystemThread.run { try? reading.readToEnd() }
    try writing.writeCompletely(bytes)
    try writing.close()
    #expect(await read == bytes)
    try reading.close()
  }

  @Test func loopbackSocketsConnect() async throws {
    let (listener, port) = try FileDescriptor.listen(on: 0)
    let client = try FileDescriptor.connect(to: port)
    let server = try listener.acceptConnection()
    #expect(server.kind == .socket)
    try server.writeCompletely([1, 2, 3])
    try server.close()
    #expect(try client.readToEnd() == [1, 2, 3])
    try client.close()
    try listener.close()
    // Nobody listens there, and no test gets this port by chance.
    #expect(throws: SystemError("connect to 127.0.0.1:1", .connectionRefused)) { try FileDescriptor.connect(to: 1) }
  }

  @Test func aLoopbackNameHasAnAddress() { #expect(addresses(of: "localhost").contains { $0 == "127.0.0.1" || $0 == "::1" }) }

  @Test(arguments: ["socket", "pipe"])
  func theKindOfADescriptorIsTold(kind: String) throws {
    let (first, second) = kind == "socket" ? try FileDescriptor.makeSocketPair() : try FileDescriptor.makePipe()
    #expect("\(first.kind)" == kind && "\(second.kind)" == kind)
    try first.close()
    try second.close()
  }
}
