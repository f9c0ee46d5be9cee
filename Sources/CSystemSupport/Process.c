#if defined(__linux__)
#define _GNU_SOURCE
#include "CSystemSupport.h"
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <sys/syscall.h>
#include <unistd.h>

// In C, because Swift cannot call syscall(2), and older C libraries have no function for it.
int open_process(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

void spawn_without_descriptors(posix_spawn_file_actions_t *actions) {
#if defined(__GLIBC__)
  posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
}

void share_heap(void) {
#if defined(__GLIBC__)
  mallopt(M_ARENA_MAX, 1);
  // What calls free is soon wanted again: by default the heap shrinks and grows with each of them once its free end nears 128 KiB. Setting
  // this keeps glibc from raising the other threshold, above which a block is mapped and unmapped each time.
  mallopt(M_TRIM_THRESHOLD, 2 << 20);
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}
#endif
