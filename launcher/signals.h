/* Reading signals from a descriptor, and passing them on. */
#ifndef SAMPAN_SIGNALS_H
#define SAMPAN_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* Blocks every signal and returns a descriptor to read them from, or a negative errno; old gets the former mask. */
int signals_open(sigset_t *old);

/* Whether a signal that came to us is meant for the program we look after. */
bool signal_is_for_child(int signal);

/* Every signal as a new program expects it, whatever our starter ignored: the default action, none blocked. */
void default_signals(void);

#endif
