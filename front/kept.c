#include "kept.h"

#include <string.h>

#include "arena.h"

#define SORTED 8 /* sizes with runs of pages of their own */
#define RUN 4096
#define PAGE 4096

static struct run {
	uint8_t *at, *end;
} together, runs[SORTED + 1], pages_left;
static uint8_t *first;
static struct order *order;

void kept_begin(uint8_t *pages, size_t size, struct order *known)
{
	order = known;
	first = pages;
	size_t room = (order->together_size + RUN - 1) / RUN * RUN;
	together = (struct run){ pages, pages + room };
	pages_left = (struct run){ pages + room, pages + size };
	memset(runs, 0, sizeof runs);
	memset(order->at, 0, sizeof order->at);
	order->count = 0;
}

bool kept_together(void)
{
	return order->together[order->count];
}

/* Blocks of one size lie together: objects, names and counts, that a process writes to, are then in few pages. */
static struct run *run_for(size_t size)
{
	if (kept_together())
		return &together;
	size_t size_class = size / ARENA_STEP - 1;
	struct run *run = &runs[size_class < SORTED ? size_class : SORTED];
	if (size > (size_t)(run->end - run->at)) {
		size_t more = (size + RUN - 1) / RUN * RUN;
		if (more > (size_t)(pages_left.end - pages_left.at))
			return NULL;
		run->at = pages_left.at;
		run->end = pages_left.at += more;
	}
	return run;
}

uint8_t *kept_room(size_t size)
{
	struct run *run = run_for(size);
	if (!run || size > (size_t)(run->end - run->at) || order->count + 1 == ORDER_MOST)
		return NULL;
	uint8_t *block = run->at;
	run->at += size;
	return block;
}

void kept_note(uint8_t *block, size_t size)
{
	order->size[order->count++] = (uint32_t)size;
	order->at[(block - first) / ARENA_STEP] = order->count;
}

uint8_t *kept_end(void)
{
	return pages_left.at;
}

void order_together(struct order *known, const uint8_t *pages, const uint8_t *address)
{
	size_t place = (size_t)(address - pages) / ARENA_STEP;
	known->page_together[place * ARENA_STEP / PAGE] = true;
	while (place && !known->at[place])
		place--;
	if (known->at[place])
		known->together[known->at[place] - 1] = true;
}

/* A table that is longer than a page may be written to at one end only. */
static bool mostly_written(const struct order *known, size_t place, uint32_t size)
{
	size_t page = place * ARENA_STEP / PAGE, count = size / PAGE, written = 0;
	for (size_t i = 0; i < count; i++)
		written += known->page_together[page + i];
	return 2 * written >= count;
}

void order_settle(struct order *known)
{
	known->together[0] = true; /* the runtime */
	for (size_t place = 0; place < ORDER_MOST; place++) {
		uint32_t number = known->at[place];
		if (number && known->size[number - 1] > PAGE && !mostly_written(known, place, known->size[number - 1]))
			known->together[number - 1] = false;
	}
	for (uint32_t i = 0; i < known->count; i++)
		known->together_size += known->together[i] ? known->size[i] : 0;
}
