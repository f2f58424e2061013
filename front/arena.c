/*
 * Memory for the engine: small blocks from one run of pages, by size class, never given back; large ones from malloc. The
 * engine makes tens of thousands of small blocks in a few milliseconds, and a general allocator takes a third of them.
 */
#include "arena.h"
#include "kept.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define STEP ARENA_STEP
#define CLASSES ARENA_CLASSES /* up to 1,024 bytes */
#define LARGE CLASSES
#define KEPT (CLASSES + 1) /* a large one in the pages of arena_begin */
#define FIRST_PAGES (192u << 10)
#define MORE_PAGES (2u << 20)

/* Before each block; 8 bytes keep it aligned for doubles and pointers. */
struct head {
	uint32_t size_class;
	uint32_t room; /* for the block; of one from malloc as much as of the largest class */
};

struct block {
	struct block *next;
};

static struct arena arena;
/* All blocks come from the pages that were given: arena_begin. */
static bool keeping;

void arena_begin(uint8_t *pages, size_t size, struct order *order)
{
	arena = (struct arena){ 0 };
	kept_begin(pages, size, order);
	keeping = true;
}

struct arena arena_end(void)
{
	struct arena kept = arena;
	kept.at = kept.end = kept_end(); /* more is not in the file */
	keeping = false;
	return kept;
}

void arena_go_on(const struct arena *kept)
{
	arena = *kept;
}

static void *from_pages(size_t size)
{
	if (keeping)
		return kept_room(size);
	if (size > (size_t)(arena.end - arena.at)) {
		static bool more;
		size_t length = more ? MORE_PAGES : FIRST_PAGES;
		int populate = more ? 0 : MAP_POPULATE; /* the first pages are all used, so one call fetches them */
		void *pages = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | populate, -1, 0);
		if (pages == MAP_FAILED)
			return NULL;
		more = true;
		arena.at = pages;
		arena.end = arena.at + length;
	}
	void *block = arena.at;
	arena.at += size;
	return block;
}

static void *allocate(JSMallocState *state, size_t size)
{
	(void)state;
	size_t whole = size + sizeof(struct head);
	size_t size_class = (whole + STEP - 1) / STEP - 1, room = (size_class + 1) * STEP - sizeof(struct head);
	struct head *head;
	if (whole < size)
		return NULL;
	if (size_class >= CLASSES) {
		head = keeping ? from_pages((size_class + 1) * STEP) : malloc(whole);
		room = keeping ? room : CLASSES * STEP;
		size_class = keeping ? KEPT : LARGE;
	} else if (arena.unused[size_class] && !(keeping && kept_together())) {
		head = (struct head *)arena.unused[size_class] - 1;
		arena.unused[size_class] = arena.unused[size_class]->next;
	} else {
		head = from_pages((size_class + 1) * STEP);
	}
	if (!head)
		return NULL;
	if (keeping)
		kept_note((uint8_t *)head, room + sizeof *head);
	*head = (struct head){ (uint32_t)size_class, (uint32_t)room };
	return head + 1;
}

static void release(JSMallocState *state, void *pointer)
{
	(void)state;
	if (!pointer)
		return;
	struct head *head = (struct head *)pointer - 1;
	if (keeping) /* or the file would say where things lay in the process that made it */
		memset(pointer, 0, head->room);
	if (head->size_class >= CLASSES) {
		if (head->size_class == LARGE)
			free(head);
		return;
	}
	struct block *block = pointer;
	block->next = arena.unused[head->size_class];
	arena.unused[head->size_class] = block;
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
	if (head->size_class == LARGE && size + sizeof *head > CLASSES * STEP) {
		struct head *moved = size + sizeof *head < size ? NULL : realloc(head, size + sizeof *head);
		return moved ? moved + 1 : NULL;
	}
	if (head->size_class != LARGE && size <= head->room)
		return pointer;
	void *copy = allocate(state, size);
	if (!copy)
		return NULL;
	memcpy(copy, pointer, head->room < size ? head->room : size);
	release(state, pointer);
	return copy;
}

static size_t usable_size(const void *pointer)
{
	(void)pointer;
	return 0; /* unknown: the engine then counts on nothing beyond what it asked for */
}

const JSMallocFunctions arena_functions = { allocate, release, resize, usable_size };
