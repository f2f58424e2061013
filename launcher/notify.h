/* Readiness of a service as systemd understands it (sd_notify). */
#ifndef SAMPAN_NOTIFY_H
#define SAMPAN_NOTIFY_H

#include <stdbool.h>
#include <sys/types.h>

#define NOTIFY_MESSAGE_MAX 4096

/* Whether READY=1 is a line of the message. */
bool notify_says_ready(const char *message);

/* Tells the service manager behind the socket `to` which process the service is, and whether it is ready. */
int notify_tell(const char *to, pid_t pid, bool ready);

#endif
