#ifndef CSYSTEMSUPPORT_H
#define CSYSTEMSUPPORT_H

#include <stdint.h>
#if defined(__linux__)
#include <spawn.h>
#endif

/// When a file was created, in nanoseconds since 1970. A link is not followed.
///
/// \returns 0 where there is no file, or the file system does not keep that time.
int64_t file_birth_time(const char *_Nonnull path);

#if defined(__linux__)
/// Hands each job of Swift's global executor to a function, in place of libdispatch (swift/Runtime/Concurrency.h, swift_task_enqueueGlobal_hook).
void set_global_executor(void (*_Nonnull enqueue)(void *_Nonnull job));

/// Runs a job of the global executor on this thread.
void run_global_job(void *_Nonnull job);

/// A descriptor that becomes readable at times that are set, which pass while the machine sleeps, too (timerfd_create(2), CLOCK_BOOTTIME).
///
/// \returns -1 where descriptors are exhausted.
int make_timer(void);

/// Lets a timer expire once.
///
/// \param nanoseconds from now, at least 1.
void set_timer(int timer, int64_t nanoseconds);

/// A descriptor that becomes readable when a process ends (pidfd_open(2)).
///
/// \returns -1 where there is no such process, or the kernel is older than 5.3.
int open_process(int pid);

/// Leaves a child nothing but its standard streams. To be called last; does nothing where the C library is not glibc.
void spawn_without_descriptors(posix_spawn_file_actions_t *_Nonnull actions);

/// Lets all threads allocate from one heap, which keeps up to 2 MiB of what is freed at its end (mallopt(3)). Does nothing where the C library is
/// not glibc.
void share_heap(void);
#endif

#endif
