#ifndef CLIBPQLOADER_H
#define CLIBPQLOADER_H

/// Loads libpq into the process, once. Its functions may be called afterwards. Any thread may call this, any number of times.
///
/// libpq brings some twenty libraries along, so a process with an SQLite store does not load it.
///
/// \returns NULL, or the reason why it could not be loaded.
const char *_Nullable libpq_load(void);

#endif
