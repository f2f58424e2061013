/**
 * The list of steps, written once. The TypeScript types of a plan (plan.ts), its encoding (encode.ts) and the
 * launcher's C structures and decoder tables (launcher/steps.gen.h, by tools/generate-steps.ts) all come from here.
 *
 * Field types: `slot` names a descriptor, `program` a process of the plan; `?` marks a field that may be left out
 * (slot -> none, number -> 0, str -> "", lists -> empty).
 * Adding a step is adding a row with a new code; a code is never used for something else.
 */
import { IDENTITY_STEPS } from './identity-steps.ts';
import { NETWORK_STEPS } from './network-steps.ts';
import { OUTSIDE_STEPS } from './outside-steps.ts';
import { RUNNING_STEPS } from './running-steps.ts';
import { ROLE_STEPS } from './role-steps.ts';
import type { StepSpec } from './step-spec.ts';

/** Bumped whenever a launcher of the old version would misread a plan. */
export const PLAN_VERSION = 1;

export const STEPS = {
  // Descriptors and files of the host
  /** openat2(dir or cwd, path, flags|O_CLOEXEC, mode, resolve) into out. */
  open: { code: 1, fields: { dir: 'slot?', path: 'str', flags: 'u32', mode: 'u32?', resolve: 'u32?', out: 'slot' } },
  /** Closes the slot and empties it. */
  close: { code: 2, fields: { slot: 'slot' } },
  /**
   * mkdirat. parents=1 makes missing parents with the same mode; fresh=1 fails when it exists, else an existing
   * directory is fine.
   */
  mkdir: { code: 3, fields: { dir: 'slot?', path: 'str', mode: 'u32', parents: 'u32?', fresh: 'u32?' } },
  /**
   * Opens an existing file (openat2 with resolve below dir; flags added to O_WRONLY|O_CLOEXEC|O_NOFOLLOW), writes all
   * of data in one write(2), closes it. O_CREAT may be given with mode.
   */
  write: { code: 4, fields: { dir: 'slot?', path: 'str', data: 'str', flags: 'u32?', mode: 'u32?', resolve: 'u32?' } },
  /** Writes as `write`, to the first of the paths that exists, what stands at its place in data. */
  writeFirst: { code: 12, fields: { paths: 'strs', data: 'strs' } },
  /** Writes data to the descriptor in one write(2). */
  writeSlot: { code: 5, fields: { slot: 'slot', data: 'str' } },
  /** mkfifo, then chown to uid:gid. */
  mkfifo: { code: 6, fields: { path: 'str', mode: 'u32', uid: 'u32?', gid: 'u32?' } },
  /** unlinkat; a missing file is fine. */
  unlink: { code: 7, fields: { dir: 'slot?', path: 'str' } },
  /** Removes a directory; a missing one is fine; EBUSY is retried for at most `retryMs`. For cgroup directories. */
  rmdir: { code: 8, fields: { path: 'str', retryMs: 'u32?' } },
  /**
   * When the file `to` is empty or blank, writes the contents of `from` to it (cpuset.cpus and cpuset.mems of cgroup
   * v1).
   */
  inherit: { code: 9, fields: { from: 'str', to: 'str' } },
  /** Connects a unix stream socket to path, into out. */
  connect: { code: 10, fields: { path: 'str', out: 'slot' } },
  /**
   * Writes "PID" of the process in pidfd (as seen by this process) to path: aside, then renamed; no end of line, as there
   * are engines that take the whole file for a number. starttime=1 writes
   * "PID STARTTIME\n" (field 22 of stat) instead. Nothing is written to a path that is empty.
   */
  pidfile: { code: 11, fields: { path: 'str', pidfd: 'slot', starttime: 'u32?' } },

  // Processes and order between them
  /**
   * socketpair(AF_UNIX, SOCK_SEQPACKET|CLOEXEC) into a and b. Each end is closed by its owner so that a peer death is
   * seen as end of file.
   */
  channel: { code: 16, fields: { a: 'slot', b: 'slot' } },
  /** Sends one byte on the channel. */
  post: { code: 17, fields: { slot: 'slot' } },
  /**
   * Receives one byte from the channel; end of file fails with ECHILD (the peer reported its own failure, so this one
   * stays silent).
   */
  wait: { code: 18, fields: { slot: 'slot' } },
  /** Sends fd by SCM_RIGHTS over slot with data (at least one byte) as payload. */
  sendFd: { code: 19, fields: { slot: 'slot', fd: 'slot', data: 'str' } },
  /** Receives one descriptor over slot into out (CLOEXEC). */
  recvFd: { code: 20, fields: { slot: 'slot', out: 'slot' } },
  /**
   * clone3(flags|CLONE_PIDFD, cgroup with CLONE_INTO_CGROUP when given; clone where a filter gives ENOSYS for it): the
   * child runs `program` with a copy of the slots and exits 0 at its end; the pidfd goes to out. Children are killed
   * when this process fails. report=1 sends a `pid` record.
   */
  clone: { code: 21, fields: { program: 'program', flags: 'u64', cgroup: 'slot?', out: 'slot', report: 'u32?' } },
  /** unshare(flags). */
  unshare: { code: 22, fields: { flags: 'u64' } },
  /** setns(slot, flags): a namespace descriptor, or a pidfd with several CLONE_NEW* flags. */
  setns: { code: 23, fields: { slot: 'slot', flags: 'u64' } },
  /** pidfd_open(pid) into out; when starttime is not 0, fails with ESRCH unless field 22 of /proc/PID/stat is equal. */
  pidfd: { code: 24, fields: { pid: 'u32', starttime: 'u64?', out: 'slot' } },
  /**
   * Writes setgroups ("deny" when denySetgroups=1), gid_map, uid_map of the process in pidfd through /proc, each map
   * in one write.
   */
  idmap: { code: 25, fields: { pidfd: 'slot', uidMap: 'str', gidMap: 'str', denySetgroups: 'u32?' } },
  /**
   * For start: opens the fifo `report` for reading (non-blocking), writes one byte to the fifo `go` (ENXIO: nobody
   * waits), then copies the records read from `report` to our own report until end of file. A failure record among
   * them fails this step silently with that errno.
   */
  release: { code: 26, fields: { go: 'str', report: 'str' } },
  /** Reads one byte from the slot (a fifo, blocking, restarted on EINTR), then closes it. */
  awaitGo: { code: 27, fields: { slot: 'slot' } },
  /** From here on this process reports to the descriptor in slot instead of the launcher's own (which it closes). */
  reportTo: { code: 28, fields: { slot: 'slot' } },
  /**
   * Until the process in pidfd ends: forwards every catchable signal but CHLD, URG, WINCH (and TTIN, TTOU); with tty,
   * puts our terminal into raw mode and relays it both ways with window sizes; reaps other children. Sends an `exit`
   * record and makes the wait status this process's final exit code (128+n for a signal).
   */
  supervise: { code: 29, fields: { pidfd: 'slot', tty: 'slot?' } },
  /**
   * Keys (at most 64) that, typed one after the other, end the next `supervise` with a terminal: ours is restored, no
   * `exit` record is sent, the status is 0. The program goes on; a process stays to take what it writes.
   */
  detachKeys: { code: 220, fields: { keys: 'bytes' } },
  /**
   * Forks: the child goes on with the plan; this process stays as PID 1 of the container in the init role: forwards
   * signals, reaps, ends with the child's status. It keeps the rights that it has at this step.
   */
  init: { code: 30, fields: {} },
  /** setsid(). */
  setsid: { code: 31, fields: {} },
  /**
   * Puts the first `preserve` inherited slots at 3 and up, to stay open; closes every descriptor from 3+preserve on
   * except the report and `keep` (which are CLOEXEC: whoever waits for their end learns of the exec, or of a failure
   * that is reported by then), then execve of each candidate in turn with argv and env; goes on to the next
   * after ENOENT, ENOTDIR or EACCES. The failure record is for the best candidate (EACCES before ENOENT) and carries
   * as detail the first 2048 bytes of the file, when it can be read.
   */
  exec: { code: 32, fields: { candidates: 'strs', argv: 'strs', env: 'strs', preserve: 'u32?', keep: 'slot?' } },
  /** Fails, as `exec` would, when none of the candidates is a file that this process may execute. `name`: for errors. */
  findProgram: { code: 120, fields: { candidates: 'strs', name: 'str' } },
  /**
   * Takes the process behind pidfd, which runs `program` and was made with CLONE_PARENT by a child of this process,
   * for a child of its own: it is killed with the others when this process fails. report=1 sends a `pid` record.
   */
  adopt: { code: 33, fields: { pidfd: 'slot', program: 'program', report: 'u32?' } },
  /**
   * Executes path with argv and env in this process's namespaces, with cwd as its directory, and waits for its end;
   * after `timeout` seconds (0: none) it is killed. Its standard input is `head`, the pid of the process in pidfd (or of
   * this one) in decimal, and `tail`; `head` alone when `tail` is empty. Fails with the errno of the exec, ETIMEDOUT, or
   * ECHILD with the wait status ("exit status 1", "signal 9") as first line of the detail; the last output follows.
   * kill=1: a failure kills the process in pidfd.
   */
  hook: {
    code: 38,
    fields: {
      path: 'str',
      argv: 'strs',
      env: 'strs?',
      cwd: 'str?',
      timeout: 'u32?',
      head: 'str',
      tail: 'str?',
      pidfd: 'slot?',
      kill: 'u32?',
    },
  },
  /** A datagram socket `notify.sock` in directory that anybody may write to, made anew; into out. */
  notifySocket: { code: 36, fields: { directory: 'str', out: 'slot' } },
  /**
   * Until the process in pidfd ends, or a message on socket has the line READY=1: then "READY=1\nMAINPID=PID" is sent
   * to the socket `to` (abstract with a leading @). Nothing else is passed on.
   */
  notify: { code: 37, fields: { socket: 'slot', to: 'str', pidfd: 'slot' } },

  /**
   * Writes the number of the descriptor fd to the channel, with write(2): the one call that a filter with a listener
   * may not keep waiting.
   */
  offerFd: { code: 34, fields: { slot: 'slot', fd: 'slot' } },
  /** Reads such a number from the channel and takes that descriptor from the process in pidfd (pidfd_getfd) into out. */
  takeFd: { code: 35, fields: { slot: 'slot', pidfd: 'slot', out: 'slot' } },
  /** As sendFd; the data is the pieces (at most 4) with the pid of the process in pidfd, in decimals, between them. */
  sendFdWithPid: { code: 39, fields: { slot: 'slot', fd: 'slot', pidfd: 'slot', pieces: 'strs' } },

  // The container's tree: everything is resolved below a root descriptor by openat2(RESOLVE_IN_ROOT)
  /**
   * Makes path below root, component by component, kind 0 directory, 1 regular file, and opens it O_PATH into out.
   * mode, uid, gid are for what is made. nofollow=1: the last component must not be a symlink (ELOOP). An existing
   * object of the other kind fails (ENOTDIR, EISDIR). A path that is the root itself fails with EINVAL unless
   * rootOk=1.
   */
  mkpath: {
    code: 40,
    fields: {
      root: 'slot',
      path: 'str',
      kind: 'u32?',
      mode: 'u32',
      uid: 'u32?',
      gid: 'u32?',
      nofollow: 'u32?',
      rootOk: 'u32?',
      out: 'slot?',
    },
  },
  /**
   * Makes the device node (mode holds S_IFCHR, S_IFBLK or S_IFIFO and permissions), parent as by mkpath; an equal node
   * may exist; opened O_PATH|O_NOFOLLOW, type and rdev checked, then chmod and chown by descriptor.
   */
  mknod: {
    code: 41,
    fields: { root: 'slot', path: 'str', mode: 'u32', major: 'u32', minor: 'u32', uid: 'u32?', gid: 'u32?' },
  },
  /**
   * Binds the host file `source` over an empty file made at path with O_CREAT|O_NOFOLLOW (device nodes in a user
   * namespace).
   */
  bindDevice: { code: 42, fields: { root: 'slot', path: 'str', source: 'slot' } },
  /** Makes a symlink, parent as by mkpath; an existing equal one is fine, anything else there fails with EEXIST. */
  symlink: { code: 43, fields: { root: 'slot', path: 'str', target: 'str' } },
  /**
   * Hides path (symlinks followed inside root): a directory by attaching a clone of the mount in `empty`, anything
   * else by a clone of `null`. A missing path is fine.
   */
  mask: { code: 44, fields: { root: 'slot', path: 'str', empty: 'slot', null: 'slot' } },
  /**
   * Makes path read-only: a recursive clone of it with MOUNT_ATTR_RDONLY added and its other attributes kept, attached
   * over itself. A missing path is fine.
   */
  readonly: { code: 45, fields: { root: 'slot', path: 'str' } },
  /**
   * Reads at most max bytes of a regular file below root and sends a `data` record with its path; a missing file sends
   * none.
   */
  readFile: { code: 46, fields: { root: 'slot', path: 'str', max: 'u32' } },

  // Mounts
  /**
   * fsopen(fstype); source and each option ("key=value" or "flag") by fsconfig; create; fsmount with attrs
   * (MOUNT_ATTR_*) into out: detached. The detail of a failure is the kernel's own message from the fs context.
   */
  fsmount: { code: 50, fields: { fstype: 'str', source: 'str?', options: 'strs?', attrs: 'u64?', out: 'slot' } },
  /**
   * open_tree(dir, path, OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC, AT_RECURSIVE when recursive=1, AT_SYMLINK_NOFOLLOW when
   * nofollow=1) into out: detached.
   */
  tree: { code: 51, fields: { dir: 'slot?', path: 'str', recursive: 'u32?', nofollow: 'u32?', out: 'slot' } },
  /**
   * mount_setattr on the mount in slot: attributes to set and clear, propagation (MS_SHARED, MS_SLAVE, MS_PRIVATE,
   * MS_UNBINDABLE or 0), recursive=1 for the whole tree, userns for MOUNT_ATTR_IDMAP.
   */
  mountAttr: {
    code: 52,
    fields: { slot: 'slot', set: 'u64?', clear: 'u64?', propagation: 'u64?', recursive: 'u32?', userns: 'slot?' },
  },
  /** A new user namespace with these maps, that no process lives in, into out: for MOUNT_ATTR_IDMAP. */
  userns: { code: 60, fields: { uidMap: 'str', gidMap: 'str', out: 'slot' } },
  /**
   * Copies what is in the directory `from` to the empty directory `to`, with owners, modes, times and extended
   * attributes; attributes=1: those of the directory itself too. Done by a child, so that nothing of this process changes.
   */
  copyUp: { code: 61, fields: { from: 'slot', to: 'slot', attributes: 'u32?' } },
  /** move_mount of the detached mount onto the target descriptor. */
  attach: { code: 53, fields: { mount: 'slot', target: 'slot' } },
  /** move_mount of the detached mount onto a host path. */
  attachAt: { code: 54, fields: { mount: 'slot', path: 'str' } },
  /**
   * Classic mount(2) on a host path; with dir, fchdir there first so that data may use short relative names (overlay).
   */
  mount: {
    code: 55,
    fields: { dir: 'slot?', source: 'str', target: 'str', fstype: 'str?', flags: 'u64?', data: 'str?' },
  },
  /** umount2(path, flags). */
  umount: { code: 56, fields: { path: 'str', flags: 'u32?' } },
  /** fchdir(root), pivot_root(".", "."), old root made rslave and detached, chdir("/"). */
  pivot: { code: 57, fields: { root: 'slot' } },
  /** fchdir(root), chroot("."), chdir("/"): where the root cannot be pivoted. */
  chroot: { code: 62, fields: { root: 'slot' } },
  /** mount(NULL, "/", propagation flags): for the private start and for rootfsPropagation after the pivot. */
  propagation: { code: 58, fields: { flags: 'u64' } },
  /** Makes the mount at "/" read-only (mount_setattr, not recursive). */
  remountRoot: { code: 59, fields: {} },

  // Terminal
  /**
   * After the pivot: opens a new terminal of the container's own devpts (ptmx verified: devpts, inode 2, char 5:2;
   * peer by TIOCGPTPEER), sizes it, gives it to uid, binds the peer over /dev/console made O_NOFOLLOW (unless
   * noConsole=1), puts master into `master` and the peer into `peer`.
   */
  pty: {
    code: 64,
    fields: {
      root: 'slot',
      master: 'slot',
      peer: 'slot',
      rows: 'u32?',
      columns: 'u32?',
      uid: 'u32?',
      noConsole: 'u32?',
    },
  },
  /** ioctl(slot, TIOCSCTTY); the caller is a session leader. */
  controllingTty: { code: 65, fields: { slot: 'slot' } },
  /** dup2 of the given slots to 0, 1 and 2. */
  stdio: { code: 66, fields: { in: 'slot?', out: 'slot?', err: 'slot?' } },
  /** fchown of 0, 1, 2 to uid, where they are pipes or sockets (never devices or files); refusals are ignored. */
  chownStdio: { code: 67, fields: { uid: 'u32' } },

  ...IDENTITY_STEPS,
  ...NETWORK_STEPS,
  ...RUNNING_STEPS,
  ...OUTSIDE_STEPS,

  ...ROLE_STEPS,
} as const satisfies Record<string, StepSpec>;
