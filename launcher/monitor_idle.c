/*
 * Waiting at the least cost. A monitor that has nothing to do needs one page of code, yet the kernel maps the pages
 * around each fault too. So before a long wait all code and constants are unmapped (they come back from the page
 * cache when touched), and the function that does it lies in a page and a mapping of its own.
 */
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "monitor.h"

enum { RANGES = 4 };

struct range {
	long start;
	long length;
};

struct scratch scratch;

static struct range unneeded[RANGES + 1]; /* the last one has length 0 */

#if defined(__x86_64__)
static inline __attribute__((always_inline)) long call(long number, long a, long b, long c, long d, long e)
{
	register long fourth __asm__("r10") = d;
	register long fifth __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline __attribute__((always_inline)) long call(long number, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}
#endif

/* Calls nothing outside of its page. Results are 0 or more, or -errno. */
__attribute__((section(".text.idle"), aligned(4096), noinline, no_sanitize("address", "undefined")))
static long unmap_and_poll(const struct range *range, struct pollfd *polled, nfds_t count)
{
	for (; range->length != 0; range++)
		call(SYS_madvise, range->start, range->length, MADV_DONTNEED, 0, 0);
	return call(SYS_ppoll, (long)polled, (long)count, 0, 0, 0);
}

/* What is mapped from the executable and never written to. */
void idle_init(void)
{
	const ElfW(Phdr) *header = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	unsigned long count = getauxval(AT_PHNUM);
	unsigned long base = 0;
	int used = 0;

	for (unsigned long i = 0; i < count; i++)
		if (header[i].p_type == PT_LOAD && header[i].p_offset == 0)
			base = (unsigned long)header - sizeof(ElfW(Ehdr)) - header[i].p_vaddr;
	for (unsigned long i = 0; i < count && used < RANGES && base != 0; i++) {
		unsigned long start = (base + header[i].p_vaddr) & ~(PAGE - 1ul);
		unsigned long end = (base + header[i].p_vaddr + header[i].p_memsz + PAGE - 1) & ~(PAGE - 1ul);

		if (header[i].p_type == PT_LOAD && (header[i].p_flags & PF_W) == 0)
			unneeded[used++] = (struct range){ (long)start, (long)(end - start) };
	}
	/* A mapping with another advice is another mapping. */
	madvise((void *)(uintptr_t)unmap_and_poll, PAGE, MADV_RANDOM);
}

static bool scratch_in_use(const struct monitor *monitor)
{
	bool used = monitor->input_length > 0 || monitor->record_length > 0 || monitor->health.pid > 0;

	for (int i = 0; i < CLIENTS; i++)
		used = used || monitor->clients[i].out_length > 0;
	return used;
}

int idle_poll(const struct monitor *monitor, struct pollfd *polled, nfds_t count)
{
	if (!scratch_in_use(monitor))
		madvise(&scratch, sizeof(scratch), MADV_DONTNEED);
	return (int)unmap_and_poll(unneeded, polled, count);
}
