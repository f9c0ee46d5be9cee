#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Only asks whether one of libpq's own variables is set, where a default of ours would otherwise beat it.
enum Environment {
  static func has(_ name: String) -> Bool { getenv(name) != nil }
}
