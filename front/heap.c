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
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "arena.h"
#include "entry.h"
#include "program.h"

#define PAGE 4096ul
/* The Makefile's room for one heap; its first page is the head. */
#define MOST (HEAP_ROOM - PAGE)
#define FAILED 125

struct heap {
	JSContext *context;
	struct arena arena;
	size_t size;
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

static void keep_heap(struct heap *heap, const char *bytecode_path, const char *path)
{
	size_t size;
	uint8_t *bytecode = read_file(bytecode_path, &size), *rest = (uint8_t *)heap + PAGE;
	arena_begin(rest, MOST);
	struct heap kept = { .context = load_program(bytecode, size) };
	kept.arena = arena_end();
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
	free(bytecode);
}

/* front oci OCI-BYTECODE OCI-HEAP ENGINE-BYTECODE ENGINE-HEAP: what an executable without heaps is for. */
static int keep_heaps(char **paths)
{
	making = true;
	keep_heap(&heap_oci, paths[0], paths[1]);
	keep_heap(&heap_engine, paths[2], paths[3]);
	return 0;
}

JSContext *loaded_program(char **argv)
{
	struct heap *heap = front_program == FRONT_OCI ? &heap_oci : &heap_engine;
	if (!heap->context)
		exit(keep_heaps(argv + 2));
	arena_go_on(&heap->arena);
	JS_UpdateStackTop(JS_GetRuntime(heap->context));
	return heap->context;
}
