/* Where blocks lie in pages that are kept in a file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORDER_MOST (1u << 20) /* blocks, and places for them */

/*
 * Blocks are known by their number in the order in which they are asked for, which is the same each time a program is
 * loaded.
 */
struct order {
	uint32_t count;
	uint32_t together_size; /* bytes, of all that shall lie together */
	uint32_t size[ORDER_MOST];
	bool together[ORDER_MOST];
	bool page_together[ORDER_MOST / 256];
	uint32_t at[ORDER_MOST]; /* by place from the first page on: 1 + the number of the block that begins there */
};

/* The block that `address` is in, behind the first page, is written to. */
void order_together(struct order *order, const uint8_t *first, const uint8_t *address);
/* What was found out of single writes becomes what holds for whole blocks. */
void order_settle(struct order *order);

void kept_begin(uint8_t *pages, size_t size, struct order *order);
/* Whether the block that is asked for next lies with those that are written to. */
bool kept_together(void);
/* Room for it where no block that came free is taken; NULL when there is none. */
uint8_t *kept_room(size_t size);
/* Counts it. */
void kept_note(uint8_t *block, size_t size);
/* The end of the last one. */
uint8_t *kept_end(void);
