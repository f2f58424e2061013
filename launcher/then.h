/*
 * What the launch-then role becomes when there is something to tell: a program outside, in place of this one, that can
 * read the report. No parent has to wait for a plan that goes well.
 */
#ifndef SAMPAN_THEN_H
#define SAMPAN_THEN_H

/*
 * Reads what comes then from the file fd: the number of words and of variables (u32 each), then each of them,
 * NUL-terminated. The words are the program's path and its arguments, of which the second is only kept free: it becomes
 * --ended=REPORT_FD:STATUS, or --ended=REPORT_FD:signal NUMBER. Closes fd; returns 0 or a negative errno.
 */
int then_read(int fd, int report_fd);

/* At the end of the first program: becomes that program when the report holds a failure or a warning, else returns `status`. */
int then_end(int status);

/* The same for a process that was told to die, from its signal handler; returns when nothing comes then. */
void then_die(int signal);

#endif
