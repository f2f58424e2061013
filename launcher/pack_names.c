/* Sorted names of directories for the `pack` role, on a stack of their own: directories are left in reverse order. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pack.h"

enum { STACK_MAX = 1024 * 1024 * 1024 };

static char *stack;
static size_t used;

static int append(void *context, const struct entry *entry)
{
	struct names *names = context;
	size_t length = strlen(entry->name) + 1;

	/* What is kept free holds the pointers. */
	if (length + (names->count + 2) * sizeof(char *) > STACK_MAX - used)
		return -ENOMEM;
	memcpy(stack + used, entry->name, length);
	used += length;
	names->count++;
	return 0;
}

static void sift(const char **items, size_t at, size_t count)
{
	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		const char *moved = items[at];

		if (child + 1 < count && strcmp(items[child], items[child + 1]) < 0)
			child++;
		if (strcmp(moved, items[child]) >= 0)
			return;
		items[at] = items[child];
		items[child] = moved;
	}
}

static void sort(const char **items, size_t count)
{
	for (size_t at = count / 2; at-- > 0;)
		sift(items, at, count);
	for (size_t end = count; end-- > 1;) {
		const char *largest = items[0];

		items[0] = items[end];
		items[end] = largest;
		sift(items, 0, end);
	}
}

int names_read(int directory, struct names *out)
{
	size_t first = used;
	int error;

	if (stack == NULL) {
		void *data = mmap(NULL, STACK_MAX, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (data == MAP_FAILED)
			return -errno;
		stack = data;
	}
	*out = (struct names){ .before = used };
	if (lseek(directory, 0, SEEK_SET) < 0)
		return -errno;
	error = each_entry(directory, append, out);
	if (error < 0)
		return error;
	used = (used + sizeof(char *) - 1) & ~(sizeof(char *) - 1);
	out->items = (const char **)(void *)(stack + used);
	used += out->count * sizeof(char *);
	for (size_t i = 0; i < out->count; i++, first += strlen(stack + first) + 1)
		out->items[i] = stack + first;
	sort(out->items, out->count);
	return 0;
}

void names_release(const struct names *names)
{
	used = names->before;
}
