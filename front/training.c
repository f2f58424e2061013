/*
 * In the build only. The pages may not be written to; each write that is tried is noted, then done alone: the processor
 * stops after this one instruction, and the page is closed again.
 */
#include "training.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "arena.h"
#include "engine.h"
#include "host.h"
#include "program.h"

#define PAGE 4096ul
#define FAILED 125

#ifdef __x86_64__
#define ONE_STEP 0x100 /* the processor's trap flag */
#define FLAGS(context) ((ucontext_t *)(context))->uc_mcontext.gregs[REG_EFL]

static uint8_t *first, *end;
static struct order *noted;
static uint8_t *opened[4];
static unsigned opened_count;

static void on_write(int number, siginfo_t *info, void *context)
{
	uint8_t *address = info->si_addr, *page = (uint8_t *)((uintptr_t)address & ~(PAGE - 1));
	if (address < first || address >= end || opened_count == sizeof opened / sizeof *opened) {
		signal(number, SIG_DFL);
		return;
	}
	order_together(noted, first, address);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	opened[opened_count++] = page;
	FLAGS(context) |= ONE_STEP;
}

static void on_step(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info;
	while (opened_count)
		mprotect(opened[--opened_count], PAGE, PROT_READ);
	FLAGS(context) &= ~ONE_STEP;
}

static void watch(uint8_t *pages, size_t size, struct order *order)
{
	first = pages, end = pages + size, noted = order;
	struct sigaction writes = { .sa_sigaction = on_write, .sa_flags = SA_SIGINFO };
	struct sigaction steps = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };
	sigaction(SIGSEGV, &writes, NULL);
	sigaction(SIGTRAP, &steps, NULL);
	mprotect(pages, size, PROT_READ);
}
#else
static void watch(uint8_t *pages, size_t size, struct order *order)
{
	(void)pages, (void)size, (void)order;
}
#endif

void train(JSContext *context, char **argv, uint8_t *pages, size_t size, struct order *order)
{
	static char *const nothing[] = { NULL };
	int status;
	pid_t child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_RDWR);
		if (dup2(null, 0) || dup2(null, 1) < 0 || dup2(null, 2) < 0)
			_exit(FAILED);
		environ = (char **)nothing;
		host_processes_prepare();
		JS_UpdateStackTop(JS_GetRuntime(context));
		watch(pages, size, order);
		engine_process(context, argv);
		host_stored(context);
		_exit(run_program(context));
	}
	if (child < 0 || waitpid(child, &status, 0) != child || WIFSIGNALED(status)) {
		fprintf(stderr, "front: training ended by signal %d\n", child < 0 ? 0 : WTERMSIG(status));
		exit(FAILED);
	}
}
