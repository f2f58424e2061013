/* Our terminal (or whatever 0 and 1 are) on one side, the master of a container's terminal on the other. */
#ifndef SAMPAN_RELAY_H
#define SAMPAN_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#define RELAY_POLLS 4
#define RELAY_KEYS_MAX 64

/* Bytes on their way; data[start..end) is still to be written. */
struct flow {
	int from, to;
	size_t start, end;
	bool open;    /* `from` may still give something */
	bool discard; /* nobody reads `to` any more */
	char data[4096];
};

struct relay {
	int master;
	bool raw;   /* the terminal at 0 is to be restored */
	bool quiet; /* no process has the container's terminal open: ask again later, do not spin */
	/* Typed one after the other they end the relaying; `matched` of them are held back. */
	const uint8_t *keys;
	size_t key_count, matched;
	bool detached;
	struct termios saved;
	struct flow in, out;
};

/* Starts relaying; a terminal at 0 is put into raw mode. Returns 0 or a negative errno. */
int relay_begin(struct relay *relay, int master);

/* Fills RELAY_POLLS entries with what to wait for; returns the longest time to wait in ms, -1 for ever. */
int relay_polls(struct relay *relay, struct pollfd *polls);

/* Moves what the answered entries allow. */
void relay_move(struct relay *relay, const struct pollfd *polls);

/* Gives the container's terminal the size of ours. */
void relay_resize(const struct relay *relay);

/* After the keys: takes what the program writes to its terminal and drops it, until the program ends. */
void relay_drop(int master, int pidfd);

/* Writes out what the program left in its terminal, and restores ours. */
void relay_end(struct relay *relay);

#endif
