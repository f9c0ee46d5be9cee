#if defined(__linux__)
// In C, because Swift cannot call syscall(2), and older C libraries have no function for it.
#include "CSystemSupport.h"
#include <sys/syscall.h>
#include <unistd.h>

int open_process(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }
#endif
