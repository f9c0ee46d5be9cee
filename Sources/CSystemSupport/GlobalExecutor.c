#if defined(__linux__)
// In C, because Swift does not see the runtime's hooks.
#include "CSystemSupport.h"

#define SWIFT_CC __attribute__((swiftcall))

extern SWIFT_CC void (*swift_task_enqueueGlobal_hook)(void *job, SWIFT_CC void (*original)(void *job));
// The executor is generic: both words are zero.
extern SWIFT_CC void swift_job_run(void *job, void *identity, void *implementation);

static void (*enqueue_job)(void *job);

static SWIFT_CC void enqueue(void *job, SWIFT_CC void (*original)(void *job)) {
  (void)original;
  enqueue_job(job);
}

void set_global_executor(void (*enqueue_function)(void *job)) {
  enqueue_job = enqueue_function;
  swift_task_enqueueGlobal_hook = enqueue;
}

void run_global_job(void *job) { swift_job_run(job, 0, 0); }
#endif
