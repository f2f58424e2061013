/* Files of stored plans; src/runtime/stored/stored-file.ts writes them. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embedded.h"
#include "stored.h"

#define MAGIC 0x43504d53u
#define VERSION 1
#define MOST (32u << 20)

static bool is_ours(int fd)
{
	struct stat found;
	return fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && found.st_uid == geteuid() && (found.st_mode & 022) == 0;
}

/* What comes behind the head. */
struct bytes stored_file(int directory, const char *path)
{
	int fd = open_plainly(directory, path);
	if (fd < 0 || !is_ours(fd)) {
		close(fd);
		return (struct bytes){ .bad = true };
	}
	struct bytes file = read_open(fd, MOST);
	bool known = take_u32(&file) == MAGIC && take_u32(&file) == VERSION;
	struct bytes build = take(&file, BUILD_SIZE);
	file.bad = file.bad || !known || memcmp(build.at, embedded_build, BUILD_SIZE) != 0;
	return file;
}

struct bytes stored_section(struct bytes file, enum section wanted)
{
	while (file.size > 0 && !file.bad) {
		uint32_t kind = take_u32(&file);
		struct bytes section = take(&file, take_u32(&file));
		if (kind == wanted)
			return section;
	}
	return (struct bytes){ .bad = true };
}
