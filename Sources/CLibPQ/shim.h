#include <libpq-fe.h>

#ifdef __linux__
/* Glibc's module leaves it out, because it is declared for _GNU_SOURCE only. */
extern int pipe2(int descriptors[2], int flags);
#endif
