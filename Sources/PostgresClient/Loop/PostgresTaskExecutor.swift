/// Runs tasks on the thread of an event loop: for those that do little besides asking its connections. What they ask and what they hear
/// changes no thread then, which takes longer than many a statement. What blocks must not run here.
public final class PostgresTaskExecutor: TaskExecutor {
  public static let shared = PostgresTaskExecutor(of: .shared)

  private let loop: PostgresEventLoop

  public init(of loop: PostgresEventLoop) { self.loop = loop }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
