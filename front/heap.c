/*
 * What loading a program leaves in memory is kept in the executable, at a fixed address where the kernel maps it, each
 * process its own copy of what it changes: none has to load it again. The build links twice. The first executable has no
 * heaps yet; it loads both programs at their addresses and writes them down. The second is the same but for them.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "entry.h"
#include "program.h"
#include "training.h"

#define PAGE 4096ul
/* The Makefile's room for one heap; its first page is the head. */
#define MOST (HEAP_ROOM - PAGE)
#define FAILED 125
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

struct heap {
	JSContext *context;
	struct arena arena;
	size_t size;
	size_t written; /* so many bytes behind this page lie together that most runs write to */
};
extern struct heap heap_oci, heap_engine;

static bool making;

/* Linked in place of the C library's, for the engine: a build must not depend on when it is made. */
int __real_gettimeofday(struct timeval *time, void *zone);
int __wrap_gettimeofday(struct timeval *time, void *zone);
int __wrap_gettimeofday(struct timeval *time, void *zone)
{
	if (!making)
		return __real_gettimeofday(time, zone);
	*time = (struct timeval){ 0 };
	return 0;
}

static uint8_t *read_file(const char *path, size_t *size)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *bytes = fd < 0 || fstat(fd, &status) ? NULL : malloc((size_t)status.st_size);
	*size = bytes ? (size_t)status.st_size : 0;
	if (!bytes || read(fd, bytes, *size) != (ssize_t)*size) {
		perror(path);
		exit(FAILED);
	}
	close(fd);
	return bytes;
}

/* The runtime, which is the first block, knows this process's stack; JS_UpdateStackTop tells it of another one. */
static void forget_stack(uintptr_t *pages)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	for (size_t i = 0; i < PAGE / sizeof *pages; i++)
		if (pages[i] - here + MOST < 2 * MOST)
			pages[i] = 0;
}

/* A first loading, in a child: its blocks are counted, and those noted that a run writes to. */
static void learn(uint8_t *pages, const uint8_t *bytecode, size_t size, char **command, struct order *order)
{
	pid_t child = fork();
	int status = 0;
	if (child == 0) {
		arena_begin(pages, MOST, order);
		JSContext *context = load_program(bytecode, size);
		size_t used = (size_t)(arena_end().at - pages + PAGE - 1) & ~(PAGE - 1);
		train(context, command, pages, used, order);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		exit(FAILED);
	order_settle(order);
}

static void keep_heap(struct heap *heap, const char *bytecode_path, const char *path, char **command)
{
	size_t size;
	uint8_t *bytecode = read_file(bytecode_path, &size), *rest = (uint8_t *)heap + PAGE;
	struct order *order = mmap(NULL, sizeof *order, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (order == MAP_FAILED)
		exit(FAILED);
	learn(rest, bytecode, size, command, order);
	uint32_t count = order->count;
	arena_begin(rest, MOST, order);
	struct heap kept = { .context = load_program(bytecode, size), .written = order->together_size };
	kept.arena = arena_end();
	if (order->count != count) {
		fprintf(stderr, "front: %u blocks, then %u\n", count, order->count);
		exit(FAILED);
	}
	/* Blocks that came free lie here and there; what is changed in one process shall lie together. */
	memset(kept.arena.unused, 0, sizeof kept.arena.unused);
	forget_stack((uintptr_t *)rest);
	kept.size = (size_t)(kept.arena.at - (uint8_t *)heap + PAGE - 1) & ~(PAGE - 1);
	*heap = kept;
	FILE *file = fopen(path, "w");
	if (!file || fwrite(heap, kept.size, 1, file) != 1 || fclose(file)) {
		perror(path);
		exit(FAILED);
	}
	munmap(order, sizeof *order);
	free(bytecode);
}

/*
 * front oci OCI-BYTECODE OCI-HEAP ENGINE-BYTECODE ENGINE-HEAP CONFIG ROOT: what an executable without heaps is for. The
 * last two are for a run that shows what is written to.
 */
static int keep_heaps(char **paths)
{
	char *oci[] = { "sampan", "oci", "--root", paths[5], "run", "--dry-run", "--config", paths[4], "x", NULL };
	char *engine[] = { "sampan", "--root", paths[5], "ps", NULL };
	making = true;
	keep_heap(&heap_oci, paths[0], paths[1], oci);
	front_program = FRONT_ENGINE;
	keep_heap(&heap_engine, paths[2], paths[3], engine);
	return 0;
}

JSContext *loaded_program(char **argv)
{
	struct heap *heap = front_program == FRONT_OCI ? &heap_oci : &heap_engine;
	if (!heap->context)
		exit(keep_heaps(argv + 2));
	/* One call in place of a fault for each page; a kernel that does not know it (before 5.14) has the faults. */
	madvise((uint8_t *)heap + PAGE, heap->written, MADV_POPULATE_WRITE);
	arena_go_on(&heap->arena);
	JS_UpdateStackTop(JS_GetRuntime(heap->context));
	return heap->context;
}
