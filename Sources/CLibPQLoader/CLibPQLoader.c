#include "CLibPQLoader.h"
#include "../CLibPQ/shim.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

// Defines each function of libpq that is in use; it calls the function of the library. A missing one is a linker error.
#define RETURNING(result, name, parameters, arguments) \
  static __typeof__(&name) real_##name;                \
  result name parameters {                             \
    need();                                            \
    return real_##name arguments;                      \
  }
#define WITHOUT_RESULT(name, parameters, arguments) \
  static __typeof__(&name) real_##name;             \
  void name parameters {                            \
    need();                                         \
    real_##name arguments;                          \
  }

static void need(void) {
  const char *problem = libpq_load();
  if (!problem) return;
  fprintf(stderr, "libpq is needed: %s\n", problem);
  abort();
}

#include "Functions.h"

#undef RETURNING
#undef WITHOUT_RESULT

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char problem[512];

static void *open_library(void) {
#ifdef __APPLE__
  static const char *const names[] = {
    "libpq.5.dylib", "/opt/homebrew/opt/libpq/lib/libpq.5.dylib", "/usr/local/opt/libpq/lib/libpq.5.dylib",
  };
#else
  static const char *const names[] = {"libpq.so.5"};
#endif
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (library) return library;
    // The error for the usual name says most.
    if (i == 0) snprintf(problem, sizeof problem, "%s", dlerror());
  }
  return NULL;
}

static void load(void) {
  void *library = open_library();
  if (!library) return;
  problem[0] = 0;
#define FIND(name)                                                                         \
  real_##name = (__typeof__(&name))dlsym(library, #name);                                  \
  if (!real_##name) snprintf(problem, sizeof problem, "it is too old and lacks %s", #name);
#define RETURNING(result, name, parameters, arguments) FIND(name)
#define WITHOUT_RESULT(name, parameters, arguments) FIND(name)
#include "Functions.h"
}

const char *libpq_load(void) {
  pthread_once(&once, load);
  return problem[0] ? problem : NULL;
}
