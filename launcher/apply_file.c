/* The steps that make one regular file: file, data ..., and its end by whatever step comes next. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply_steps.h"

int apply_file(struct apply *state, const void *body)
{
	const struct file_file *step = body;
	enum { FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC };
	struct place place;
	int error = xattrs_parse(&state->file.xattrs, &step->xattrs);
	bool plain;

	if (error == 0)
		error = apply_object(state, step->path.text, &place);
	if (error < 0)
		return error;
	state->file.fd = openat(place.parent, place.name, FLAGS, step->mode & 07777);
	if (state->file.fd < 0 && errno == EEXIST) {
		error = apply_vacate(state, step->path.text, &place);
		if (error < 0)
			return error;
		state->file.fd = openat(place.parent, place.name, FLAGS, step->mode & 07777);
	}
	if (state->file.fd < 0)
		return -errno;
	state->file.size = step->size;
	state->file.extent = 0;
	apply_times(state->file.times, step->mtime_sec, step->mtime_nsec);
	plain = step->uid == 0 && step->gid == 0 && !place.inherits;
	if (!plain && fchown(state->file.fd, step->uid, step->gid) < 0)
		return -errno;
	if (!(plain && (step->mode & 06000) == 0) && fchmod(state->file.fd, step->mode & 07777) < 0)
		return -errno;
	return 0;
}

int apply_data(struct apply *state, const void *body)
{
	const struct file_data *step = body;
	uint64_t offset = step->offset;
	uint32_t done = 0;

	if (state->file.fd < 0)
		return -EBADF;
	if (offset > state->file.size || step->bytes.len > state->file.size - offset)
		return -EFBIG;
	while (done < step->bytes.len) {
		ssize_t count = pwrite(state->file.fd, step->bytes.data + done, step->bytes.len - done,
				       (off_t)(offset + done));

		if (count < 0 && errno != EINTR)
			return -errno;
		done += count > 0 ? (uint32_t)count : 0;
	}
	if (offset + done > state->file.extent)
		state->file.extent = offset + done;
	return 0;
}

int apply_finish_file(struct apply *state)
{
	int fd = state->file.fd;
	int error = 0;

	if (fd < 0)
		return 0;
	/* Attributes come after the data: writing would take security.capability away again. */
	if (state->file.extent < state->file.size && ftruncate(fd, (off_t)state->file.size) < 0)
		error = -errno;
	if (error == 0)
		error = xattrs_write(&state->file.xattrs, fd, NULL);
	if (error == 0 && futimens(fd, state->file.times) < 0)
		error = -errno;
	if (close(fd) < 0 && error == 0)
		error = -errno;
	state->file.fd = -1;
	return error;
}
