// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "cowork-code-mcp-server",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "cowork-code-mcp-server", targets: ["cowork-code-mcp-server"]),
    // For Benchmarks.
    .library(name: "MCPClient", targets: ["JSON", "MCPClient", "SystemSupport"]),
  ],
  dependencies: [
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .target(name: "CSystemSupport"),
    .target(name: "SystemSupport", dependencies: ["CSystemSupport", .product(name: "SystemPackage", package: "swift-system")]),
    .target(name: "JSON"),
    .target(name: "MCP", dependencies: ["JSON", "SystemSupport", .product(name: "Logging", package: "swift-log")]),
    .target(name: "MCPClient", dependencies: ["JSON", "SystemSupport"]),
    .target(name: "ClientSetup", dependencies: ["JSON", "SystemSupport"]),
    .target(name: "Bridge", dependencies: ["SystemSupport", .product(name: "Logging", package: "swift-log")]),
    .target(
      name: "SQLiteStore",
      dependencies: [
        "Bridge", "Schema", "SystemSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(name: "Schema", path: "sql", resources: [.embedInCode("sqlite"), .embedInCode("postgres")]),
    .systemLibrary(name: "CLibPQ", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
    .target(name: "CLibPQLoader", dependencies: ["CLibPQ"]),
    .target(
      name: "PostgresClient", dependencies: ["CLibPQ", "CLibPQLoader", "SystemSupport", .product(name: "Logging", package: "swift-log")]),
    .target(
      name: "PostgresStore",
      dependencies: ["Bridge", "PostgresClient", "Schema", "SystemSupport", .product(name: "Logging", package: "swift-log")]),
    .target(name: "ProcessTesting", dependencies: ["JSON", "MCPClient", "SystemSupport"]),
    .target(name: "PostgresTesting", dependencies: ["ProcessTesting", "SystemSupport"]),
    .target(
      name: "BridgeServer", dependencies: ["Bridge", "JSON", "MCP", "SystemSupport", .product(name: "Logging", package: "swift-log")]),
    .target(
      name: "BridgeWeb",
      dependencies: [
        "Bridge", "BridgeServer", "JSON", "MCP", "SystemSupport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      resources: [.embedInCode("Page")]),
    .executableTarget(
      name: "cowork-code-mcp-server",
      dependencies: [
        "Bridge", "BridgeServer", "BridgeWeb", "ClientSetup", "JSON", "MCP", "MCPClient", "PostgresClient", "PostgresStore", "SQLiteStore",
        "SystemSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "PostgresClientTests",
      dependencies: ["PostgresClient", "PostgresTesting", "ProcessTesting", .product(name: "Logging", package: "swift-log")]),
    .testTarget(
      name: "PostgresStoreTests",
      dependencies: [
        "Bridge", "BridgeServer", "BridgeTesting", "JSON", "MCP", "MCPClient", "PostgresClient", "PostgresStore", "PostgresTesting",
        "ProcessTesting", "SQLiteStore", "Schema", "SystemSupport", "cowork-code-mcp-server",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(name: "SystemSupportTests", dependencies: ["ProcessTesting", "SystemSupport"]),
    .testTarget(name: "JSONTests", dependencies: ["JSON"]),
    .testTarget(
      name: "MCPClientTests", dependencies: ["cowork-code-mcp-server", "JSON", "MCPClient", "ProcessTesting", "SystemSupport"]),
    .testTarget(name: "ClientSetupTests", dependencies: ["ClientSetup", "JSON"]),
    .testTarget(
      name: "MCPTests",
      dependencies: ["JSON", "MCP", "ProcessTesting", "SystemSupport", .product(name: "Logging", package: "swift-log")]),
    .target(name: "BridgeTesting", dependencies: ["Bridge", "SystemSupport"]),
    .testTarget(
      name: "BridgeTests",
      dependencies: ["Bridge", "BridgeServer", "BridgeTesting", "SQLiteStore", .product(name: "InMemoryLogging", package: "swift-log")]),
    .testTarget(
      name: "SQLiteStoreTests",
      dependencies: [
        "Bridge", "BridgeTesting", "ProcessTesting", "SQLiteStore", "Schema", "SystemSupport",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "ModelTests",
      dependencies: [
        "Bridge", "BridgeTesting", "PostgresClient", "PostgresStore", "PostgresTesting", "ProcessTesting", "SQLiteStore", "SystemSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "CommandTests", dependencies: ["cowork-code-mcp-server", "JSON", "MCP", "MCPClient", "PostgresTesting", "ProcessTesting"]),
    // In a process of its own beside Postgres; the sandbox is that of CommandTests.
    .testTarget(
      name: "ArchiveCommandTests",
      dependencies: ["cowork-code-mcp-server", "JSON", "MCP", "MCPClient", "PostgresTesting", "ProcessTesting"]),
    .testTarget(
      name: "BridgeWebTests",
      dependencies: [
        "cowork-code-mcp-server", "Bridge", "BridgeWeb", "JSON", "PostgresTesting", "ProcessTesting", "SQLiteStore", "SystemSupport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ]),
    .testTarget(
      name: "BridgeServerTests",
      dependencies: [
        "Bridge", "BridgeServer", "JSON", "MCP", "MCPClient", "SQLiteStore", "SystemSupport",
        .product(name: "Logging", package: "swift-log"),
      ]),
    // The executable is a dependency so that it is built; the tests start it as a process.
    .testTarget(
      name: "ProcessTests",
      dependencies: ["cowork-code-mcp-server", "JSON", "MCP", "MCPClient", "ProcessTesting", "SystemSupport"]),
    .testTarget(
      name: "WakingTests",
      dependencies: [
        "cowork-code-mcp-server", "Bridge", "BridgeServer", "ClientSetup", "JSON", "MCP", "MCPClient", "PostgresTesting", "ProcessTesting",
        "SQLiteStore", "SystemSupport",
        .product(name: "Logging", package: "swift-log"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
