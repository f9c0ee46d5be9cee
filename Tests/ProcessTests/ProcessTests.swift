import Testing

/// The real program as processes. One test at a time: they measure, and each starts several processes.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ProcessTests {}
