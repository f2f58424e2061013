/* Steps on names, the network interface, limits and the umask. */
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "kernel.h"
#include "steps.h"

int step_hostname(struct run *run, const void *body)
{
	const struct step_hostname *step = body;
	at(run, step->name.text);
	return (int)SYS_RESULT(SYS_sethostname, step->name.text, step->name.len);
}

int step_domainname(struct run *run, const void *body)
{
	const struct step_domainname *step = body;
	at(run, step->name.text);
	return (int)SYS_RESULT(SYS_setdomainname, step->name.text, step->name.len);
}

int step_if_up(struct run *run, const void *body)
{
	const struct step_if_up *step = body;
	struct ifreq request = { 0 };
	at(run, step->name.text);
	if (step->name.len >= sizeof request.ifr_name)
		return -ENODEV;
	memcpy(request.ifr_name, step->name.text, step->name.len);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int result = ioctl(fd, SIOCGIFFLAGS, &request) < 0 ? -errno : 0;
	request.ifr_flags |= IFF_UP;
	if (!result && ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		result = -errno;
	close(fd);
	return result;
}

int step_rlimit(struct run *run, const void *body)
{
	const struct step_rlimit *step = body;
	const uint64_t limit[2] = { step->soft, step->hard };
	pid_t pid = step->pidfd == NO_SLOT ? 0 : slot_pid(run, step->pidfd);
	return pid < 0 ? pid : (int)SYS_RESULT(SYS_prlimit64, pid, step->resource, limit, NULL);
}

int step_umask(struct run *run, const void *body)
{
	const struct step_umask *step = body;
	umask(step->mask);
	run->umask_set = true;
	return 0;
}
