#ifndef CLIBPQLOADER_H
#define CLIBPQLOADER_H

/// Loads libpq into the process, once; its functions may be called afterwards. Any thread may call this, any number of times.
///
/// Only a Postgres store needs libpq, and it brings some twenty libraries along: a process with an SQLite store does without them.
///
/// \returns NULL, or why it could not be loaded.
const char *_Nullable libpq_load(void);

#endif
