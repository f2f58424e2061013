#ifndef SAMPAN_TURN_H
#define SAMPAN_TURN_H

#include <stdbool.h>

/*
 * Who writes to a database waits for his turn: SQLite lets those wait by looking again and again, so that with many at
 * once the one that is to go on hardly gets the processor, and some never find the lock free. The turn is a lock of the
 * directory that the database is in. It orders writers and guards nothing: without it all is as right as before.
 */
struct turn {
	/* -1: there is none. */
	int directory;
	bool taken;
};

struct turn turn_at(const char *path);
void turn_take(struct turn *turn);
void turn_give(struct turn *turn);
void turn_close(struct turn *turn);

#endif
