/*
 * The `raw` role: launcher raw. Every bit of standard input's terminal in raw mode. What Bun calls so leaves the newlines
 * of the output translated, which spoils what a program with a terminal of its own draws.
 */
#include <termios.h>
#include <unistd.h>

#include "roles.h"

int raw_main(int argc, char **argv)
{
	struct termios mode;

	(void)argv;
	if (argc != 2)
		return EXIT_REFUSED;
	if (tcgetattr(STDIN_FILENO, &mode) < 0)
		return EXIT_STEP_FAILED;
	cfmakeraw(&mode);
	return tcsetattr(STDIN_FILENO, TCSANOW, &mode) < 0 ? EXIT_STEP_FAILED : 0;
}
