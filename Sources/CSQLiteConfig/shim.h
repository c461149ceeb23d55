#ifndef CSQLITE_CONFIG_H
#define CSQLITE_CONFIG_H

// sqlite3_db_config takes a variable number of arguments, which Swift cannot call.
struct sqlite3;
extern int sqlite3_db_config(struct sqlite3 *, int, ...);

/// Turns one of a connection's switches on or off. Returns SQLite's result code.
static inline int firedrill_sqlite_switch(void *connection, int option, int isOn) {
  return sqlite3_db_config((struct sqlite3 *)connection, option, isOn, (int *)0);
}

#endif
