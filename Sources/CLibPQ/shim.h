/* Only what is declared: CLibPQLoader finds the library when it is needed. Where the header is not in one of these places: swift build -Xcc -I… */
#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#elif __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#elif __has_include("/opt/homebrew/opt/libpq/include/libpq-fe.h")
#include "/opt/homebrew/opt/libpq/include/libpq-fe.h"
#elif __has_include("/usr/local/opt/libpq/include/libpq-fe.h")
#include "/usr/local/opt/libpq/include/libpq-fe.h"
#else
#error "libpq-fe.h is missing: install libpq-dev (Debian), libpq-devel (Fedora) or libpq (Homebrew)"
#endif

#ifdef __linux__
/* Glibc's module leaves it out, because it is declared for _GNU_SOURCE only. */
extern int pipe2(int descriptors[2], int flags);
#endif
