/*
 * What libseccomp makes of a filter, to compare ours with. Reads one instruction a line from standard input:
 *
 *     filter DEFAULT OPTIMIZE ARCH...       starts a filter; actions and architectures are numbers
 *     rule ACTION NAME [INDEX OP A B]...    as runc adds it: an unknown name or a refusal of libseccomp is passed over
 *     end                                   writes u32 length, then the program
 *     name ARCH NAME                        writes the number as text, for tables
 */
#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-error));
	exit(1);
}

static uint32_t next_u32(void)
{
	const char *word = strtok(NULL, " \n");
	return word ? (uint32_t)strtoul(word, NULL, 0) : 0;
}

static scmp_filter_ctx begin(void)
{
	scmp_filter_ctx filter = seccomp_init(next_u32());
	uint32_t level = next_u32();
	const char *word;
	int only = 0;
	if (!filter)
		die("seccomp_init", -EINVAL);
	/* Before anything else, as an architecture of the other byte order cannot stand beside the machine's own. */
	while ((word = strtok(NULL, " \n"))) {
		uint32_t arch = (uint32_t)strtoul(word, NULL, 0);
		if (!only++ && arch != seccomp_arch_native())
			seccomp_arch_remove(filter, SCMP_ARCH_NATIVE);
		int result = seccomp_arch_add(filter, arch);
		if (result < 0 && result != -EEXIST)
			die(word, result);
	}
	int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, level);
	if (result < 0)
		die("optimize", result);
	return filter;
}

static void add_rule(scmp_filter_ctx filter)
{
	uint32_t action = next_u32();
	const char *name = strtok(NULL, " \n"), *word;
	struct scmp_arg_cmp args[6];
	unsigned count = 0;
	int number = name ? seccomp_syscall_resolve_name(name) : __NR_SCMP_ERROR;
	if (number == __NR_SCMP_ERROR)
		return;
	while (count < 6 && (word = strtok(NULL, " \n"))) {
		args[count].arg = (unsigned)strtoul(word, NULL, 0);
		args[count].op = (enum scmp_compare)next_u32();
		args[count].datum_a = strtoull(strtok(NULL, " \n"), NULL, 0);
		args[count].datum_b = strtoull(strtok(NULL, " \n"), NULL, 0);
		count++;
	}
	int result = seccomp_rule_add_array(filter, action, number, count, args);
	if (result < 0)
		fprintf(stderr, "%s: %s\n", name, strerror(-result));
}

static void end(scmp_filter_ctx filter)
{
	FILE *file = tmpfile();
	int result = file ? seccomp_export_bpf(filter, fileno(file)) : -errno;
	if (result < 0)
		die("export", result);
	uint32_t length = (uint32_t)lseek(fileno(file), 0, SEEK_END);
	char *program = malloc(length);
	if (!program || pread(fileno(file), program, length, 0) != (ssize_t)length)
		die("read", -errno);
	fwrite(&length, sizeof length, 1, stdout);
	fwrite(program, 1, length, stdout);
	free(program);
	fclose(file);
	seccomp_release(filter);
}

int main(void)
{
	static char line[65536];
	scmp_filter_ctx filter = NULL;
	while (fgets(line, sizeof line, stdin)) {
		const char *word = strtok(line, " \n");
		if (!word)
			continue;
		if (!strcmp(word, "filter"))
			filter = begin();
		else if (!strcmp(word, "rule"))
			add_rule(filter);
		else if (!strcmp(word, "end"))
			end(filter);
		else if (!strcmp(word, "name")) {
			uint32_t arch = next_u32();
			printf("%d\n", seccomp_syscall_resolve_name_arch(arch, strtok(NULL, " \n")));
		}
	}
	return 0;
}
