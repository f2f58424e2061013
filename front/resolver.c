#include "resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dns.h"

#define FAILED 125
#define NAMES_SIZE (4u << 20)
#define WAITING_MAX 256
#define WAITING_EACH 32 /* of one container */
#define PATIENCE_MS 2000 /* for one of the host's resolvers, before the next */
#define MESSAGE_MAX 4096 /* over UDP */
#define RESTART_SECONDS 1

/* A question that somebody else has been asked. */
struct waiting {
	int fd; /* -1: free */
	size_t network, upstream, size, question_end;
	struct sockaddr_storage asker;
	uint8_t number[2];
	uint8_t message[MESSAGE_MAX];
	int64_t until;
};

static struct {
	int directory, changes;
	int starter; /* waits until somebody listens; -1 afterwards */
	struct names names;
	struct upstreams upstreams;
	char text[NAMES_SIZE];
	int datagrams[NETWORKS_MAX], listeners[NETWORKS_MAX];
	size_t open;
	struct waiting waiting[WAITING_MAX];
	struct pollfd polled[1 + 2 * NETWORKS_MAX + WAITING_MAX];
} self;

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* False when there is nobody left to answer. */
static bool read_names(void)
{
	int fd = openat(self.directory, "names", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t size = 0;
	ssize_t got;
	while (fd >= 0 && size < NAMES_SIZE - 1 && (got = read(fd, self.text + size, NAMES_SIZE - 1 - size)) > 0)
		size += (size_t)got;
	if (fd >= 0)
		close(fd);
	self.text[size] = 0;
	names_read(&self.names, self.text);
	return self.names.network_count > 0;
}

static int open_socket(const struct sockaddr_storage *address, int type)
{
	const int yes = 1;
	int fd = socket(address->ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	/* The bridge may not have its address yet. */
	int failed = address->ss_family == AF_INET ? setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &yes, sizeof yes) :
						     setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &yes, sizeof yes);
	if (failed || bind(fd, (const struct sockaddr *)address, address_size(address)) ||
	    (type == SOCK_STREAM && listen(fd, 64))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void forget(struct waiting *one)
{
	if (one->fd >= 0)
		close(one->fd);
	one->fd = -1;
}

/* All sockets anew: networks come and go seldom. */
static void open_sockets(void)
{
	for (size_t i = 0; i < WAITING_MAX; i++)
		forget(&self.waiting[i]);
	for (size_t i = 0; i < self.open; i++) {
		if (self.datagrams[i] >= 0)
			close(self.datagrams[i]);
		if (self.listeners[i] >= 0)
			close(self.listeners[i]);
	}
	self.open = self.names.network_count;
	for (size_t i = 0; i < self.open; i++) {
		self.datagrams[i] = open_socket(&self.names.networks[i].address, SOCK_DGRAM);
		self.listeners[i] = open_socket(&self.names.networks[i].address, SOCK_STREAM);
	}
}

static void renew(void)
{
	static struct network before[NETWORKS_MAX];
	size_t count = self.names.network_count;
	memcpy(before, self.names.networks, sizeof *before * count);
	if (!read_names())
		_exit(0);
	if (count != self.names.network_count || memcmp(before, self.names.networks, sizeof *before * count))
		open_sockets();
}

static void reply(size_t network, const struct sockaddr_storage *asker, const uint8_t *message, size_t size)
{
	sendto(self.datagrams[network], message, size, MSG_DONTWAIT, (const struct sockaddr *)asker, address_size(asker));
}

static void give_up(struct waiting *one)
{
	uint8_t answer[MESSAGE_MAX];
	memcpy(one->message, one->number, 2);
	reply(one->network, &one->asker, answer, dns_begin(answer, one->message, one->question_end, DNS_FAILURE));
	forget(one);
}

/* Each question has a socket and a number of its own, so that nobody can answer who has not heard it. */
static void ask(struct waiting *one)
{
	for (; one->upstream < self.upstreams.count; one->upstream++) {
		const struct sockaddr_storage *at = &self.upstreams.at[one->upstream];
		forget(one);
		one->fd = socket(at->ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (one->fd >= 0 && !connect(one->fd, (const struct sockaddr *)at, address_size(at)) &&
		    getrandom(one->message, 2, 0) == 2 && send(one->fd, one->message, one->size, 0) >= 0) {
			one->until = now() + PATIENCE_MS;
			return;
		}
	}
	give_up(one);
}

static bool is_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;
	if (a->ss_family != b->ss_family)
		return false;
	return a->ss_family == AF_INET ? a4->sin_addr.s_addr == b4->sin_addr.s_addr :
					 !memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr);
}

/* Room for one more question. Who has many of them open already loses the oldest of his own, and nobody another's. */
static struct waiting *place(const struct sockaddr_storage *asker)
{
	struct waiting *empty = NULL, *oldest = NULL, *own = NULL;
	unsigned count = 0;
	for (size_t i = 0; i < WAITING_MAX; i++) {
		struct waiting *one = &self.waiting[i];
		if (one->fd < 0) {
			empty = one;
			continue;
		}
		oldest = !oldest || one->until < oldest->until ? one : oldest;
		if (!is_same_host(&one->asker, asker))
			continue;
		count++;
		own = !own || one->until < own->until ? one : own;
	}
	struct waiting *chosen = count >= WAITING_EACH ? own : empty ? empty : oldest;
	if (chosen->fd >= 0)
		give_up(chosen);
	return chosen;
}

static void hear(size_t network)
{
	uint8_t message[MESSAGE_MAX], answer[MESSAGE_MAX];
	struct sockaddr_storage asker;
	socklen_t length = sizeof asker;
	ssize_t got = recvfrom(self.datagrams[network], message, sizeof message, 0, (struct sockaddr *)&asker, &length);
	if (got < 12 || message[2] & 0x80)
		return;
	/* What is more than 512 bytes may be lost on the way; names of containers never are so many. */
	size_t size = answer_ourselves(&self.names, network, (struct sockaddr *)&asker, message, (size_t)got, answer, 512);
	struct dns_query query;
	if (size)
		return reply(network, &asker, answer, size);
	if (!dns_read_query(message, (size_t)got, &query))
		return;
	struct waiting *one = place(&asker);
	*one = (struct waiting){ .fd = -1, .network = network, .size = (size_t)got, .question_end = query.question_end, .asker = asker };
	memcpy(one->number, message, 2);
	memcpy(one->message, message, (size_t)got);
	ask(one);
}

static void hear_answer(struct waiting *one)
{
	uint8_t answer[MESSAGE_MAX];
	ssize_t got = recv(one->fd, answer, sizeof answer, 0);
	if (got < 0 && errno != EAGAIN) { /* nobody is there */
		one->upstream++;
		return ask(one);
	}
	if (got <= 0 || !dns_answers(answer, (size_t)got, one->message, one->question_end))
		return;
	memcpy(answer, one->number, 2);
	reply(one->network, &one->asker, answer, (size_t)got);
	forget(one);
}

static int wait_for_something(void)
{
	size_t count = 0;
	int64_t next = -1, time = now();
	self.polled[count++] = (struct pollfd){ self.changes, POLLIN, 0 };
	for (size_t i = 0; i < self.open; i++) {
		self.polled[count++] = (struct pollfd){ self.datagrams[i], POLLIN, 0 };
		self.polled[count++] = (struct pollfd){ self.listeners[i], POLLIN, 0 };
	}
	for (size_t i = 0; i < WAITING_MAX; i++) {
		const struct waiting *one = &self.waiting[i];
		self.polled[count++] = (struct pollfd){ one->fd, POLLIN, 0 };
		if (one->fd >= 0 && (next < 0 || one->until - time < next))
			next = one->until > time ? one->until - time : 0;
	}
	return poll(self.polled, count, (int)next);
}

static void turn(void)
{
	if (wait_for_something() < 0 && errno != EINTR)
		_exit(FAILED);
	const struct pollfd *at = self.polled;
	if ((at++)->revents) {
		char events[4096];
		if (read(self.changes, events, sizeof events) > 0)
			return renew();
	}
	for (size_t i = 0; i < self.open; i++) {
		if ((at++)->revents)
			hear(i);
		if ((at++)->revents) {
			upstreams_read(&self.upstreams);
			serve_connection(&self.names, i, self.listeners[i], &self.upstreams);
		}
	}
	int64_t time = now();
	for (size_t i = 0; i < WAITING_MAX; i++) {
		struct waiting *one = &self.waiting[i];
		if ((at++)->revents && one->fd >= 0)
			hear_answer(one);
		else if (one->fd >= 0 && one->until <= time) {
			one->upstream++;
			ask(one);
		}
	}
}

static _Noreturn void work(void)
{
	signal(SIGCHLD, SIG_IGN);
	upstreams_read(&self.upstreams);
	if (!confine())
		_exit(FAILED);
	for (size_t i = 0; i < WAITING_MAX; i++)
		self.waiting[i].fd = -1;
	if (!read_names())
		_exit(0);
	open_sockets();
	if (self.starter >= 0 && write(self.starter, "", 1) == 1)
		close(self.starter);
	for (int64_t read = now();; turn())
		if (now() - read > PATIENCE_MS) {
			upstreams_read(&self.upstreams); /* laptops move */
			read = now();
		}
}

/* "PID STARTTIME", which tells whoever starts a container that we are there. */
static void write_identity(void)
{
	char stat[1024] = "", text[64];
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, stat, sizeof stat - 1) > 0)
		close(fd);
	char *at = strrchr(stat, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	int size = snprintf(text, sizeof text, "%d:%llu", getpid(), at ? strtoull(at, NULL, 10) : 0);
	fd = openat(self.directory, "resolver.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, (size_t)size) != size || close(fd) ||
	    renameat(self.directory, "resolver.new", self.directory, "resolver"))
		_exit(FAILED);
}

/* Lives as long as there is a network to answer for, and has somebody work who may die. */
static void supervise(void)
{
	for (;;) {
		pid_t worker = fork();
		int status;
		if (worker == 0)
			work();
		if (self.starter >= 0)
			close(self.starter);
		self.starter = -1;
		if (worker < 0 || waitpid(worker, &status, 0) != worker)
			_exit(FAILED);
		if (!WIFEXITED(status) || WEXITSTATUS(status)) {
			sleep(RESTART_SECONDS);
			continue;
		}
		/* Who writes the file looks for us afterwards; so we are gone first, and then look whether it has been written. */
		unlinkat(self.directory, "resolver", 0);
		if (!read_names())
			return;
		write_identity();
	}
}

int resolver(int argc, char **argv)
{
	const char *path = argv[argc - 1];
	self.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	self.changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int lock = self.directory < 0 ? -1 : openat(self.directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0 || inotify_add_watch(self.changes, path, IN_MOVED_TO | IN_DELETE_SELF) < 0) {
		perror(path);
		return FAILED;
	}
	if (flock(lock, LOCK_EX | LOCK_NB))
		return 0; /* another one is there */
	int ready[2];
	if (pipe2(ready, O_CLOEXEC))
		return FAILED;
	self.starter = ready[1];
	pid_t child = fork();
	if (child) {
		char byte;
		close(ready[1]);
		/* Its end without a word: there was nobody to answer for. */
		return child < 0 || read(ready[0], &byte, 1) < 0 ? FAILED : 0;
	}
	close(ready[0]);
	setsid();
	int null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	if (chdir("/") == 0)
		write_identity();
	supervise();
	return 0;
}
