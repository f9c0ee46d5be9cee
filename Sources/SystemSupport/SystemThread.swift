import CSystemSupport
import Foundation

/// Threads for calls that block, which must not hold those of Swift concurrency.
public enum SystemThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Lets all threads allocate from one heap. glibc gives each thread a heap of its own, which costs a process that soon ends more time than
  /// threads lose that seldom allocate at once. Call it before there are threads.
  public static func shareHeap() {
    #if os(Linux)
      share_heap()
    #endif
  }

  /// Starts a detached thread that takes no signals.
  ///
  /// - Parameter stackSize: in bytes. Code that others wrote, tasks included, should get the default of Linux.
  public static func start(stackSize: Int = 256 << 10, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, stackSize)
    // A thread inherits the signal mask of the one that starts it.
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    let argument = Unmanaged.passRetained(Body(body))
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let status = pthread_create(&thread, &attributes, main, argument.toOpaque())
    if status != 0 {
      argument.release()
      throw SystemError("pthread_create", Errno(rawValue: status))
    }
  }

  /// The stack of a thread that runs tasks or libraries.
  public static let largeStack = 8 << 20

  #if canImport(Darwin)
    private static let main: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { run($0) }
  #else
    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { run($0) }
  #endif

  private static func run(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
    return nil
  }

  /// Makes a blocking call on a thread of its own.
  public static func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      do throws(SystemError) {
        try start(stackSize: largeStack) { continuation.resume(returning: body()) }
      } catch {
        // No thread is left: holding this one is better than failing.
        continuation.resume(returning: body())
      }
    }
  }

  /// What tells this thread from others that run.
  public static var current: Int { Int(bitPattern: pthread_self()) }
}

/// An object for each thread. Nothing retains it.
public final class ThreadLocal<Object: AnyObject>: Sendable {
  private let key: pthread_key_t

  public init() {
    var key = pthread_key_t()
    precondition(pthread_key_create(&key, nil) == 0, "The process has no keys for threads left.")
    self.key = key
  }

  deinit { pthread_key_delete(key) }

  public var object: Object? {
    get { pthread_getspecific(key).map { Unmanaged<Object>.fromOpaque($0).takeUnretainedValue() } }
    set { pthread_setspecific(key, newValue.map { UnsafeRawPointer(Unmanaged.passUnretained($0).toOpaque()) }) }
  }
}
