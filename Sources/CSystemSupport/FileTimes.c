// In C, because Swift does not see the functions that need this macro.
#define _GNU_SOURCE
#include "CSystemSupport.h"
#include <fcntl.h>
#include <sys/stat.h>

int64_t file_birth_time(const char *path) {
#if defined(__APPLE__)
  struct stat status;
  if (lstat(path, &status) != 0) return 0;
  return (int64_t)status.st_birthtimespec.tv_sec * 1000000000 + status.st_birthtimespec.tv_nsec;
#elif defined(STATX_BTIME)
  struct statx status;
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &status) != 0 || !(status.stx_mask & STATX_BTIME)) return 0;
  return (int64_t)status.stx_btime.tv_sec * 1000000000 + status.stx_btime.tv_nsec;
#else
  (void)path;
  return 0;
#endif
}
