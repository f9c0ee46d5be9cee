// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "cowork-code-mcp-server", path: "..")],
  targets: [
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
    .executableTarget(name: "Empty"),
    .executableTarget(
      name: "Benchmarks",
      dependencies: ["CSQLite", "CPostgres", .product(name: "MCPClient", package: "cowork-code-mcp-server")]),
  ],
  swiftLanguageModes: [.v6]
)
