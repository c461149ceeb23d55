#ifndef CSQLITE_CONFIG_H
#define CSQLITE_CONFIG_H

// sqlite3_db_config takes a variable number of arguments, which Swift cannot call.
struct sqlite3;
extern int sqlite3_db_config(struct sqlite3 *, int, ...);

/// Turns one of a connection's switches on or off. Returns SQLite's result code.
static inline int firedrill_sqlite_switch(void *connection, int option, int isOn) {
  return sqlite3_db_config((struct sqlite3 *)connection, option, isOn, (int *)0);
}

// The session extension. sqlite3.h hides it behind SQLITE_ENABLE_SESSION, which says how the library was built and is no
// business of who includes it. Weak: a library without it can still be linked with.
// Source: https://www.sqlite.org/session/intro.html, section "C-language interface"
struct sqlite3_session;
struct sqlite3_changeset_iter;
#define FIREDRILL_WEAK __attribute__((weak))
extern int sqlite3session_create(struct sqlite3 *, const char *, struct sqlite3_session **) FIREDRILL_WEAK;
extern void sqlite3session_delete(struct sqlite3_session *) FIREDRILL_WEAK;
extern int sqlite3session_attach(struct sqlite3_session *, const char *) FIREDRILL_WEAK;
extern int sqlite3session_diff(struct sqlite3_session *, const char *, const char *, char **) FIREDRILL_WEAK;
extern int sqlite3session_changeset_strm(
  struct sqlite3_session *, int (*)(void *, const void *, int), void *) FIREDRILL_WEAK;
extern int sqlite3changeset_apply_strm(
  struct sqlite3 *, int (*)(void *, void *, int *), void *, int (*)(void *, const char *),
  int (*)(void *, int, struct sqlite3_changeset_iter *), void *) FIREDRILL_WEAK;
extern int sqlite3changeset_op(
  struct sqlite3_changeset_iter *, const char **, int *, int *, int *) FIREDRILL_WEAK;
#undef FIREDRILL_WEAK

/// Whether the library has the session extension.
static inline int firedrill_sqlite_has_sessions(void) { return sqlite3session_create != 0; }

#endif
