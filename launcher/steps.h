/* What is done for each step. A handler returns 0 or a negative errno; its body is the structure of its step. */
#ifndef SAMPAN_STEPS_H
#define SAMPAN_STEPS_H

#include "run.h"
#include "steps.gen.h"

typedef int step_handler(struct run *run, const void *body);

#define STEP_HANDLER_LIMIT 224

/* By code; NULL for a step that does not belong in a launch plan. */
extern step_handler *const step_handlers[STEP_HANDLER_LIMIT];

step_handler step_open, step_close, step_mkdir, step_write, step_write_slot, step_mkfifo, step_unlink, step_rmdir,
	step_inherit, step_connect, step_pidfile, step_write_first;
step_handler step_channel, step_post, step_wait, step_send_fd, step_recv_fd, step_offer_fd, step_take_fd,
	step_send_fd_with_pid;
step_handler step_clone, step_unshare, step_setns, step_pidfd, step_idmap, step_release, step_await_go, step_report_to,
	step_supervise, step_detach_keys, step_init, step_setsid, step_exec, step_find_program, step_adopt, step_hook, step_notify_socket,
	step_notify;
step_handler step_mkpath, step_mknod, step_bind_device, step_symlink, step_mask, step_readonly, step_read_file;
step_handler step_fsmount, step_tree, step_mount_attr, step_attach, step_attach_at, step_mount, step_umount, step_pivot, step_chroot,
	step_propagation, step_remount_root, step_userns, step_copy_up;
step_handler step_pty, step_controlling_tty, step_stdio, step_chown_stdio;
step_handler step_hostname, step_domainname, step_if_up, step_rlimit, step_prctl, step_oom_score, step_umask,
	step_drop_bounding, step_ids, step_caps, step_seccomp, step_cwd, step_check_cwd, step_session_keyring,
	step_device_program;
step_handler step_own, step_map_ids, step_bus_connect, step_bus_call;
step_handler step_scheduler, step_io_priority, step_affinity, step_memory_policy, step_personality;
step_handler step_open_mount, step_detach, step_undo, step_move_device, step_pidfd_of, step_exit_file, step_netlink;

/* Takes back what the undo steps among the first `done` steps of the program name. */
void undo_steps(struct run *run, const struct program *program, uint32_t done);

#endif
