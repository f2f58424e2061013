/*
 * The roles of the launcher. Each gets the whole command line: argv[0] is the program, argv[1] the role's name, and
 * the role's own arguments start at argv[2]; each returns the exit status. 0, 1 and 2 are open in every role.
 */
#ifndef SAMPAN_ROLES_H
#define SAMPAN_ROLES_H

#define EXIT_STEP_FAILED 125
#define EXIT_REFUSED 124 /* the command line or the plan */

int launch_main(int argc, char **argv);
int launch_then_main(int argc, char **argv);
int monitor_main(int argc, char **argv);
int apply_main(int argc, char **argv);
int merge_main(int argc, char **argv);
int remove_main(int argc, char **argv);
int pack_main(int argc, char **argv);
int imply_main(int argc, char **argv);
int raw_main(int argc, char **argv);

/* The number of an open descriptor named by a command-line argument, or -1 when it is none. */
int descriptor_argument(const char *text);

#endif
