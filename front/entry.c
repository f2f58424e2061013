/*
 * One file, two programs: the kernel has mapped both (tools/join-executables.ts). Called for what the front does, this
 * process goes on in it; it is static. Otherwise it becomes the large one: its dynamic loader is mapped here, as the kernel
 * would have done, the vector of facts at the top of the stack is put right, and the loader takes over.
 *
 * Nothing of a libc works yet: no stack protector, no thread area, no errno.
 */
#include "entry.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "commands.h"

#define PAGE 4096ul
#define MOST_HEADERS 16
#define STUCK 126

__attribute__((used)) volatile struct joined_program joined_program = { .marker = JOINED_MARKER };

int front_program = FRONT_ENGINE;

extern const Elf64_Ehdr __ehdr_start;
extern void _start(void);

#if defined(__x86_64__)
static long call(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

_Noreturn static void jump(uintptr_t to, long *stack)
{
	__asm__ volatile("mov %1, %%rsp\n\txor %%edx, %%edx\n\txor %%ebp, %%ebp\n\tjmp *%0" : : "a"(to), "D"(stack) : "memory");
	__builtin_unreachable();
}

__asm__(".globl front_entry\nfront_entry:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall choose_program\n\thlt\n");
#elif defined(__aarch64__)
static long call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}

_Noreturn static void jump(uintptr_t to, long *stack)
{
	__asm__ volatile("mov sp, %1\n\tmov x0, #0\n\tmov x29, #0\n\tmov x30, #0\n\tbr %0" : : "r"(to), "r"(stack) : "memory");
	__builtin_unreachable();
}

__asm__(".globl front_entry\nfront_entry:\n\tmov x0, sp\n\tbl choose_program\n\tbrk #1\n");
#endif

_Noreturn static void stuck(const char *why, size_t length)
{
	call(SYS_write, 2, (long)why, (long)length, 0, 0, 0);
	for (;;)
		call(SYS_exit_group, STUCK, 0, 0, 0, 0, 0);
}
#define STUCK_WITH(text) stuck("sampan: " text "\n", sizeof "sampan: " text)

static bool same(const char *left, const char *right)
{
	while (*left && *left == *right)
		left++, right++;
	return *left == *right;
}

static const char *last_part(const char *path)
{
	const char *part = path;
	for (; *path; path++)
		if (*path == '/')
			part = path + 1;
	return part;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (same(word, *words))
			return true;
	return false;
}

/* The command: what follows the flags that stand before it; NULL where these are not plain. */
static const char *command_word(long count, char **arguments)
{
	static const char *const with_value[] = { "--root", "--run-root", "--snapshotter", "--config", NULL };
	long at = 1;
	while (at < count && is_one_of(arguments[at], with_value))
		at += 2;
	return at < count ? arguments[at] : NULL;
}

/*
 * Which of the front's programs the command is for; -1 for the large program. What an ordinary user calls goes through the
 * front, which enters their user namespace first (enter-user.ts).
 */
static int front_program_of(long count, char **arguments, bool is_root)
{
	static const char *const names[] = { OCI_NAMES, NULL };
	static const char *const commands[] = { FRONT_COMMANDS, NULL };
	if (count < 1 || same(arguments[0], LARGE_NAME))
		return -1;
	if (is_one_of(last_part(arguments[0]), names))
		return FRONT_OCI;
	const char *command = command_word(count, arguments);
	if (!command)
		return -1;
	if (same(command, "network-resolver"))
		return FRONT_RESOLVER;
	return same(command, "oci") ? FRONT_OCI : !is_root || is_one_of(command, commands) ? FRONT_ENGINE : -1;
}

/* Runs of pages: `down` and `up` to their borders. */
static uintptr_t down(uintptr_t address)
{
	return address & ~(PAGE - 1);
}
static uintptr_t up(uintptr_t address)
{
	return down(address + PAGE - 1);
}

static void map_segment(int file, uintptr_t base, const Elf64_Phdr *segment)
{
	int access = (segment->p_flags & PF_R ? PROT_READ : 0) | (segment->p_flags & PF_W ? PROT_WRITE : 0) |
		     (segment->p_flags & PF_X ? PROT_EXEC : 0);
	uintptr_t start = base + segment->p_vaddr, from = down(start), filled = start + segment->p_filesz;
	uintptr_t end = up(start + segment->p_memsz), offset = down(segment->p_offset);
	long at = call(SYS_mmap, (long)from, (long)(up(filled) - from), access, MAP_PRIVATE | MAP_FIXED, file, (long)offset);
	if (at != (long)from)
		STUCK_WITH("the dynamic loader cannot be mapped");
	if (segment->p_memsz <= segment->p_filesz)
		return;
	for (volatile char *byte = (volatile char *)filled; (uintptr_t)byte < up(filled); byte++)
		*byte = 0;
	if (end > up(filled) && call(SYS_mmap, (long)up(filled), (long)(end - up(filled)), access,
				     MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0) < 0)
		STUCK_WITH("no memory for the dynamic loader");
}

/* Maps the dynamic loader; returns where it begins to run. */
static uintptr_t map_loader(const char *path, uintptr_t *base)
{
	Elf64_Ehdr header;
	Elf64_Phdr segments[MOST_HEADERS];
	int file = (int)call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (file < 0)
		STUCK_WITH("the dynamic loader of glibc is missing");
	long size = call(SYS_pread64, file, (long)&header, sizeof header, 0, 0, 0);
	if (size != sizeof header || header.e_type != ET_DYN || header.e_phnum > MOST_HEADERS)
		STUCK_WITH("the dynamic loader is of an unknown kind");
	size = (long)(header.e_phnum * sizeof *segments);
	if (call(SYS_pread64, file, (long)segments, size, (long)header.e_phoff, 0, 0) != size)
		STUCK_WITH("the dynamic loader cannot be read");
	uintptr_t length = 0;
	for (int i = 0; i < header.e_phnum; i++)
		if (segments[i].p_type == PT_LOAD)
			length = up(segments[i].p_vaddr + segments[i].p_memsz);
	long room = call(SYS_mmap, 0, (long)length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room < 0 && room > -(long)PAGE)
		STUCK_WITH("no memory for the dynamic loader");
	*base = (uintptr_t)room;
	for (int i = 0; i < header.e_phnum; i++)
		if (segments[i].p_type == PT_LOAD)
			map_segment(file, *base, &segments[i]);
	call(SYS_close, file, 0, 0, 0, 0, 0);
	return *base + header.e_entry;
}

static const char *loader_path(const Elf64_Phdr *headers, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (headers[i].p_type == PT_INTERP)
			return (const char *)headers[i].p_vaddr;
	STUCK_WITH("the program names no dynamic loader");
}

static bool is_root(const Elf64_auxv_t *facts)
{
	for (; facts->a_type != AT_NULL; facts++)
		if (facts->a_type == AT_EUID)
			return facts->a_un.a_val == 0;
	return false;
}

static void set_fact(Elf64_auxv_t *facts, uint64_t kind, uint64_t value)
{
	for (; facts->a_type != AT_NULL; facts++)
		if (facts->a_type == kind)
			facts->a_un.a_val = value;
}

_Noreturn __attribute__((used)) void choose_program(long *stack);
_Noreturn void choose_program(long *stack)
{
	long count = stack[0];
	char **arguments = (char **)(stack + 1);
	long *at = stack + 1 + count + 1;
	while (*at)
		at++;
	Elf64_auxv_t *facts = (Elf64_auxv_t *)(at + 1);
	uintptr_t loader = 0, start = (uintptr_t)_start;
	uint64_t headers = (uint64_t)&__ehdr_start + __ehdr_start.e_phoff, header_count = __ehdr_start.e_phnum;
	uint64_t entry = start;
	int program = front_program_of(count, arguments, is_root(facts));
	if (program >= 0)
		front_program = program;
	else if (joined_program.entry) {
		headers = joined_program.headers;
		header_count = joined_program.header_count;
		entry = joined_program.entry;
		start = map_loader(loader_path((const Elf64_Phdr *)headers, header_count), &loader);
	}
	set_fact(facts, AT_PHDR, headers);
	set_fact(facts, AT_PHNUM, header_count);
	set_fact(facts, AT_ENTRY, entry);
	set_fact(facts, AT_BASE, loader);
	jump(start, stack);
}
