// The least that a Swift program can be. With an argument it stays until its input ends, so that its memory can be looked at.
if CommandLine.argc > 1 { _ = readLine() }
