#ifndef CFILETIMES_H
#define CFILETIMES_H

#include <stdint.h>

/// When a file was created, in nanoseconds since 1970. A link is not followed.
///
/// \returns 0 where there is no file, or the file system does not keep that time.
int64_t file_birth_time(const char *_Nonnull path);

#endif
