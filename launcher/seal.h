/* Running from a copy that nobody can write to, so that /proc/PID/exe is worthless to a container (CVE-2019-5736). */
#ifndef SAMPAN_SEAL_H
#define SAMPAN_SEAL_H

/*
 * Returns 0 when this process already runs from a sealed memfd; otherwise copies the executable into one and executes
 * it with the same arguments and no environment. Returns a negative errno when that fails.
 */
int run_sealed(char **argv);

#endif
