#if defined(__linux__)
// In C, because Swift's module of the C library lacks this header.
#include "CSystemSupport.h"
#include <sys/timerfd.h>
#include <time.h>

int make_timer(void) { return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC); }

void set_timer(int timer, int64_t nanoseconds) {
  struct itimerspec time = {.it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
  timerfd_settime(timer, 0, &time, 0);
}
#endif
