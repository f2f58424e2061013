/*
 * Memory for the engine: small blocks from one run of pages, by size class, never given back; large ones from malloc. The
 * engine makes tens of thousands of small blocks in a few milliseconds, and a general allocator takes a third of them.
 */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define STEP 16
#define CLASSES 64 /* up to 1,024 bytes */
#define LARGE CLASSES
#define FIRST_PAGES (768u << 10)
#define MORE_PAGES (2u << 20)

/* Before each block; 8 bytes keep it aligned for doubles and pointers. */
struct head {
	uint64_t size_class;
};

struct block {
	struct block *next;
};

static struct block *unused[CLASSES];
static uint8_t *at, *end;

static void *from_pages(size_t size)
{
	if (!at || size > (size_t)(end - at)) {
		size_t more = at ? MORE_PAGES : FIRST_PAGES;
		int populate = at ? 0 : MAP_POPULATE; /* the first pages are all used, so one call fetches them */
		void *pages = mmap(NULL, more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | populate, -1, 0);
		if (pages == MAP_FAILED)
			return NULL;
		at = pages;
		end = at + more;
	}
	void *block = at;
	at += size;
	return block;
}

static void *allocate(JSMallocState *state, size_t size)
{
	(void)state;
	size_t whole = size + sizeof(struct head);
	size_t size_class = (whole + STEP - 1) / STEP - 1;
	struct head *head;
	if (whole < size)
		return NULL;
	if (size_class >= CLASSES) {
		size_class = LARGE;
		head = malloc(whole);
	} else if (unused[size_class]) {
		head = (struct head *)unused[size_class] - 1;
		unused[size_class] = unused[size_class]->next;
	} else {
		head = from_pages((size_class + 1) * STEP);
	}
	if (!head)
		return NULL;
	head->size_class = size_class;
	return head + 1;
}

static void release(JSMallocState *state, void *pointer)
{
	(void)state;
	if (!pointer)
		return;
	struct head *head = (struct head *)pointer - 1;
	if (head->size_class >= LARGE) {
		free(head);
		return;
	}
	struct block *block = pointer;
	block->next = unused[head->size_class];
	unused[head->size_class] = block;
}

static void *resize(JSMallocState *state, void *pointer, size_t size)
{
	if (!pointer)
		return allocate(state, size);
	if (!size) {
		release(state, pointer);
		return NULL;
	}
	struct head *head = (struct head *)pointer - 1;
	if (head->size_class >= LARGE && size + sizeof *head > CLASSES * STEP) {
		struct head *moved = size + sizeof *head < size ? NULL : realloc(head, size + sizeof *head);
		return moved ? moved + 1 : NULL;
	}
	size_t room = head->size_class >= LARGE ? CLASSES * STEP : (head->size_class + 1) * STEP - sizeof *head;
	if (head->size_class < LARGE && size <= room)
		return pointer;
	void *copy = allocate(state, size);
	if (!copy)
		return NULL;
	memcpy(copy, pointer, room < size ? room : size);
	release(state, pointer);
	return copy;
}

static size_t usable_size(const void *pointer)
{
	(void)pointer;
	return 0; /* unknown: the engine then counts on nothing beyond what it asked for */
}

const JSMallocFunctions arena_functions = { allocate, release, resize, usable_size };
