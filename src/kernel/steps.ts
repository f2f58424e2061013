/**
 * The list of steps, written once. The TypeScript types of a plan (plan.ts), its encoding (encode.ts) and the
 * launcher's C structures and decoder tables (launcher/steps.gen.h, by tools/generate-steps.ts) all come from here.
 *
 * Field types: `slot` names a descriptor, `program` a process of the plan; `?` marks a field that may be left out
 * (slot -> none, number -> 0, str -> "", lists -> empty).
 * Adding a step is adding a row with a new code; a code is never used for something else.
 */
import type { StepSpec } from './step-spec.ts';

/** Bumped whenever a launcher of the old version would misread a plan. */
export const PLAN_VERSION = 1;

export const STEPS = {
  // Descriptors and files of the host
  open: {
    code: 1,
    does: 'openat2(dir or cwd, path, flags|O_CLOEXEC, mode, resolve) into out.',
    fields: { dir: 'slot?', path: 'str', flags: 'u32', mode: 'u32?', resolve: 'u32?', out: 'slot' },
  },
  close: { code: 2, does: 'Closes the slot and empties it.', fields: { slot: 'slot' } },
  mkdir: {
    code: 3,
    does: 'mkdirat. parents=1 makes missing parents with the same mode; fresh=1 fails when it exists, else an existing directory is fine.',
    fields: { dir: 'slot?', path: 'str', mode: 'u32', parents: 'u32?', fresh: 'u32?' },
  },
  write: {
    code: 4,
    does: 'Opens an existing file (openat2 with resolve below dir; flags added to O_WRONLY|O_CLOEXEC|O_NOFOLLOW), writes all of data in one write(2), closes it. O_CREAT may be given with mode.',
    fields: { dir: 'slot?', path: 'str', data: 'str', flags: 'u32?', mode: 'u32?', resolve: 'u32?' },
  },
  writeSlot: { code: 5, does: 'Writes data to the descriptor in one write(2).', fields: { slot: 'slot', data: 'str' } },
  mkfifo: {
    code: 6,
    does: 'mkfifo, then chown to uid:gid.',
    fields: { path: 'str', mode: 'u32', uid: 'u32?', gid: 'u32?' },
  },
  unlink: { code: 7, does: 'unlinkat; a missing file is fine.', fields: { dir: 'slot?', path: 'str' } },
  rmdir: {
    code: 8,
    does: 'Removes a directory; a missing one is fine; EBUSY is retried for at most `retryMs`. For cgroup directories.',
    fields: { path: 'str', retryMs: 'u32?' },
  },
  inherit: {
    code: 9,
    does: 'When the file `to` is empty or blank, writes the contents of `from` to it (cpuset.cpus and cpuset.mems of cgroup v1).',
    fields: { from: 'str', to: 'str' },
  },
  connect: { code: 10, does: 'Connects a unix stream socket to path, into out.', fields: { path: 'str', out: 'slot' } },
  pidfile: {
    code: 11,
    does: 'Writes "PID\\n" of the process in pidfd (as seen by this process) to path: aside, then renamed. starttime=1 writes "PID STARTTIME\\n" (field 22 of stat) instead.',
    fields: { path: 'str', pidfd: 'slot', starttime: 'u32?' },
  },

  // Processes and order between them
  channel: {
    code: 16,
    does: 'socketpair(AF_UNIX, SOCK_SEQPACKET|CLOEXEC) into a and b. Each end is closed by its owner so that a peer death is seen as end of file.',
    fields: { a: 'slot', b: 'slot' },
  },
  post: { code: 17, does: 'Sends one byte on the channel.', fields: { slot: 'slot' } },
  wait: {
    code: 18,
    does: 'Receives one byte from the channel; end of file fails with ECHILD (the peer reported its own failure, so this one stays silent).',
    fields: { slot: 'slot' },
  },
  sendFd: {
    code: 19,
    does: 'Sends fd by SCM_RIGHTS over slot with data (at least one byte) as payload.',
    fields: { slot: 'slot', fd: 'slot', data: 'str' },
  },
  recvFd: {
    code: 20,
    does: 'Receives one descriptor over slot into out (CLOEXEC).',
    fields: { slot: 'slot', out: 'slot' },
  },
  clone: {
    code: 21,
    does: 'clone3(flags|CLONE_PIDFD, cgroup with CLONE_INTO_CGROUP when given; clone where a filter gives ENOSYS for it): the child runs `program` with a copy of the slots and exits 0 at its end; the pidfd goes to out. Children are killed when this process fails. report=1 sends a `pid` record.',
    fields: { program: 'program', flags: 'u64', cgroup: 'slot?', out: 'slot', report: 'u32?' },
  },
  unshare: { code: 22, does: 'unshare(flags).', fields: { flags: 'u64' } },
  setns: {
    code: 23,
    does: 'setns(slot, flags): a namespace descriptor, or a pidfd with several CLONE_NEW* flags.',
    fields: { slot: 'slot', flags: 'u64' },
  },
  pidfd: {
    code: 24,
    does: 'pidfd_open(pid) into out; when starttime is not 0, fails with ESRCH unless field 22 of /proc/PID/stat is equal.',
    fields: { pid: 'u32', starttime: 'u64?', out: 'slot' },
  },
  idmap: {
    code: 25,
    does: 'Writes setgroups ("deny" when denySetgroups=1), gid_map, uid_map of the process in pidfd through /proc, each map in one write.',
    fields: { pidfd: 'slot', uidMap: 'str', gidMap: 'str', denySetgroups: 'u32?' },
  },
  release: {
    code: 26,
    does: 'For start: opens the fifo `report` for reading (non-blocking), writes one byte to the fifo `go` (ENXIO: nobody waits), then copies the records read from `report` to our own report until end of file. A failure record among them fails this step silently with that errno.',
    fields: { go: 'str', report: 'str' },
  },
  awaitGo: {
    code: 27,
    does: 'Reads one byte from the slot (a fifo, blocking, restarted on EINTR), then closes it.',
    fields: { slot: 'slot' },
  },
  reportTo: {
    code: 28,
    does: "From here on this process reports to the descriptor in slot instead of the launcher's own (which it closes).",
    fields: { slot: 'slot' },
  },
  supervise: {
    code: 29,
    does: "Until the process in pidfd ends: forwards every catchable signal but CHLD, URG, WINCH (and TTIN, TTOU); with tty, puts our terminal into raw mode and relays it both ways with window sizes; reaps other children. Sends an `exit` record and makes the wait status this process's final exit code (128+n for a signal).",
    fields: { pidfd: 'slot', tty: 'slot?' },
  },
  init: {
    code: 30,
    does: "Forks: the child goes on with the plan; this process stays as PID 1 of the container in the init role: forwards signals, reaps, ends with the child's status. It keeps the rights that it has at this step.",
    fields: {},
  },
  setsid: { code: 31, does: 'setsid().', fields: {} },
  exec: {
    code: 32,
    does: 'Puts the first `preserve` inherited slots at 3 and up, to stay open; closes every descriptor from 3+preserve on except the report (which is CLOEXEC), then execve of each candidate in turn with argv and env; goes on to the next after ENOENT, ENOTDIR or EACCES. The failure record is for the best candidate (EACCES before ENOENT) and carries as detail the first 2048 bytes of the file, when it can be read.',
    fields: { candidates: 'strs', argv: 'strs', env: 'strs', preserve: 'u32?' },
  },
  adopt: {
    code: 33,
    does: 'Takes the process behind pidfd, which runs `program` and was made with CLONE_PARENT by a child of this process, for a child of its own: it is killed with the others when this process fails. report=1 sends a `pid` record.',
    fields: { pidfd: 'slot', program: 'program', report: 'u32?' },
  },

  // The container's tree: everything is resolved below a root descriptor by openat2(RESOLVE_IN_ROOT)
  mkpath: {
    code: 40,
    does: 'Makes path below root, component by component, kind 0 directory, 1 regular file, and opens it O_PATH into out. mode, uid, gid are for what is made. nofollow=1: the last component must not be a symlink (ELOOP). An existing object of the other kind fails (ENOTDIR, EISDIR). A path that is the root itself fails with EINVAL unless rootOk=1.',
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
  mknod: {
    code: 41,
    does: 'Makes the device node (mode holds S_IFCHR, S_IFBLK or S_IFIFO and permissions), parent as by mkpath; an equal node may exist; opened O_PATH|O_NOFOLLOW, type and rdev checked, then chmod and chown by descriptor.',
    fields: { root: 'slot', path: 'str', mode: 'u32', major: 'u32', minor: 'u32', uid: 'u32?', gid: 'u32?' },
  },
  bindDevice: {
    code: 42,
    does: 'Binds the host file `source` over an empty file made at path with O_CREAT|O_NOFOLLOW (device nodes in a user namespace).',
    fields: { root: 'slot', path: 'str', source: 'slot' },
  },
  symlink: {
    code: 43,
    does: 'Makes a symlink, parent as by mkpath; an existing equal one is fine, anything else there fails with EEXIST.',
    fields: { root: 'slot', path: 'str', target: 'str' },
  },
  mask: {
    code: 44,
    does: 'Hides path (symlinks followed inside root): a directory by attaching a clone of the mount in `empty`, anything else by a clone of `null`. A missing path is fine.',
    fields: { root: 'slot', path: 'str', empty: 'slot', null: 'slot' },
  },
  readonly: {
    code: 45,
    does: 'Makes path read-only: a recursive clone of it with MOUNT_ATTR_RDONLY added and its other attributes kept, attached over itself. A missing path is fine.',
    fields: { root: 'slot', path: 'str' },
  },
  readFile: {
    code: 46,
    does: 'Reads at most max bytes of a regular file below root and sends a `data` record with its path; a missing file sends none.',
    fields: { root: 'slot', path: 'str', max: 'u32' },
  },

  // Mounts
  fsmount: {
    code: 50,
    does: 'fsopen(fstype); source and each option ("key=value" or "flag") by fsconfig; create; fsmount with attrs (MOUNT_ATTR_*) into out: detached. The detail of a failure is the kernel\'s own message from the fs context.',
    fields: { fstype: 'str', source: 'str?', options: 'strs?', attrs: 'u64?', out: 'slot' },
  },
  tree: {
    code: 51,
    does: 'open_tree(dir, path, OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC, AT_RECURSIVE when recursive=1, AT_SYMLINK_NOFOLLOW when nofollow=1) into out: detached.',
    fields: { dir: 'slot?', path: 'str', recursive: 'u32?', nofollow: 'u32?', out: 'slot' },
  },
  mountAttr: {
    code: 52,
    does: 'mount_setattr on the mount in slot: attributes to set and clear, propagation (MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE or 0), recursive=1 for the whole tree, userns for MOUNT_ATTR_IDMAP.',
    fields: { slot: 'slot', set: 'u64?', clear: 'u64?', propagation: 'u64?', recursive: 'u32?', userns: 'slot?' },
  },
  attach: {
    code: 53,
    does: 'move_mount of the detached mount onto the target descriptor.',
    fields: { mount: 'slot', target: 'slot' },
  },
  attachAt: {
    code: 54,
    does: 'move_mount of the detached mount onto a host path.',
    fields: { mount: 'slot', path: 'str' },
  },
  mount: {
    code: 55,
    does: 'Classic mount(2) on a host path; with dir, fchdir there first so that data may use short relative names (overlay).',
    fields: { dir: 'slot?', source: 'str', target: 'str', fstype: 'str?', flags: 'u64?', data: 'str?' },
  },
  umount: { code: 56, does: 'umount2(path, flags).', fields: { path: 'str', flags: 'u32?' } },
  pivot: {
    code: 57,
    does: 'fchdir(root), pivot_root(".", "."), old root made rslave and detached, chdir("/").',
    fields: { root: 'slot' },
  },
  propagation: {
    code: 58,
    does: 'mount(NULL, "/", propagation flags): for the private start and for rootfsPropagation after the pivot.',
    fields: { flags: 'u64' },
  },
  remountRoot: { code: 59, does: 'Makes the mount at "/" read-only (mount_setattr, not recursive).', fields: {} },

  // Terminal
  pty: {
    code: 64,
    does: "After the pivot: opens a new terminal of the container's own devpts (ptmx verified: devpts, inode 2, char 5:2; peer by TIOCGPTPEER), sizes it, gives it to uid, binds the peer over /dev/console made O_NOFOLLOW (unless noConsole=1), puts master into `master` and the peer into `peer`.",
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
  controllingTty: {
    code: 65,
    does: 'ioctl(slot, TIOCSCTTY); the caller is a session leader.',
    fields: { slot: 'slot' },
  },
  stdio: {
    code: 66,
    does: 'dup2 of the given slots to 0, 1 and 2.',
    fields: { in: 'slot?', out: 'slot?', err: 'slot?' },
  },
  chownStdio: {
    code: 67,
    does: 'fchown of 0, 1, 2 to uid, where they are pipes or sockets (never devices or files); refusals are ignored.',
    fields: { uid: 'u32' },
  },

  // Identity and limits of the process
  hostname: { code: 70, does: 'sethostname.', fields: { name: 'str' } },
  domainname: { code: 71, does: 'setdomainname.', fields: { name: 'str' } },
  ifUp: {
    code: 72,
    does: 'Brings a network interface of this network namespace up (SIOCSIFFLAGS).',
    fields: { name: 'str' },
  },
  rlimit: {
    code: 73,
    does: 'prlimit of this process, or of the process in pidfd.',
    fields: { pidfd: 'slot?', resource: 'u32', soft: 'u64', hard: 'u64' },
  },
  prctl: {
    code: 74,
    does: 'prctl(option, a, b, c, d).',
    fields: { option: 'u32', a: 'u64?', b: 'u64?', c: 'u64?', d: 'u64?' },
  },
  oomScore: {
    code: 75,
    does: 'Writes oom_score_adj of the process in pidfd (or this one). The value is offset by 1000 so that it is never negative here.',
    fields: { pidfd: 'slot?', plus1000: 'u32' },
  },
  umask: { code: 76, does: 'umask.', fields: { mask: 'u32' } },
  dropBounding: {
    code: 77,
    does: 'PR_CAPBSET_DROP of every capability the kernel knows that is not in keep.',
    fields: { keep: 'u64' },
  },
  ids: {
    code: 78,
    does: 'PR_SET_KEEPCAPS, setgroups (unless keepGroups=1), setresgid, setresuid, then keepcaps off.',
    fields: { uid: 'u32', gid: 'u32', groups: 'u32s?', keepGroups: 'u32?' },
  },
  caps: {
    code: 79,
    does: 'capset of the three sets, then ambient cleared and raised for each bit. Bits the process does not hold are left out of permitted and effective, and reported as one `warn` record.',
    fields: { effective: 'u64', permitted: 'u64', inheritable: 'u64', ambient: 'u64' },
  },
  seccomp: {
    code: 80,
    does: 'seccomp(SECCOMP_SET_MODE_FILTER, flags, the array of struct sock_filter in program).',
    fields: { filter: 'bytes', flags: 'u32?' },
  },
  cwd: {
    code: 81,
    does: 'chdir(path), then the raw getcwd must start with "/" (ENOENT otherwise).',
    fields: { path: 'str' },
  },
  checkCwd: { code: 82, does: 'The raw getcwd must start with "/".', fields: {} },
  deviceProgram: {
    code: 84,
    does: "BPF_PROG_LOAD of the program (type CGROUP_DEVICE, license GPL; EPERM is tried once more with RLIMIT_MEMLOCK lifted, which kernels before 5.11 count it against), then BPF_PROG_ATTACH to the cgroup of version 2 with BPF_F_ALLOW_MULTI. The detail of a refused program is the verifier's log.",
    fields: { cgroup: 'slot', program: 'bytes' },
  },
  sessionKeyring: { code: 83, does: 'KEYCTL_JOIN_SESSION_KEYRING with name; ENOSYS is fine.', fields: { name: 'str' } },

  // Roles that are told what to do by one step of their own
  monitor: {
    code: 100,
    does: 'The whole configuration of a monitor; see docs/monitor.md.',
    fields: {
      dir: 'str',
      plan: 'str',
      log: 'str?',
      logMaxBytes: 'u64?',
      logMaxFiles: 'u32?',
      tty: 'u32?',
      stdin: 'u32?',
      cgroup: 'strs?',
      onExit: 'strs?',
      onExitEnv: 'strs?',
      rows: 'u32?',
      columns: 'u32?',
      hold: 'u32?',
      ephemeral: 'u32?',
    },
  },
} as const satisfies Record<string, StepSpec>;
