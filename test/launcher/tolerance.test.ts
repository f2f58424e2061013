/** Each step that can fail, made to fail: what the plan says about errors holds for all of them alike. */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { OnError, Plan, Step, StepName } from '#kernel/plan.ts';
import { alone, BUILDS, CLONE, failure, MS_PRIVATE_REC, Scene } from './harness.ts';

/** These have no failure that can be brought about without changing the machine, or are no steps of a launch. */
type Unfailing =
  | 'channel'
  | 'umask'
  | 'checkCwd'
  | 'chownStdio'
  | 'init'
  | 'dropBounding'
  | 'ids'
  | 'caps'
  | 'remountRoot'
  | 'personality'
  | 'undo'
  | 'monitor';
type Failing = Exclude<StepName, Unfailing>;
type Fields<Name extends StepName> = Omit<Extract<Step, { op: Name }>, 'op' | 'onError'>;

const MISSING = '/no/such/directory/at-all';
const EMPTY = 'nothing';
const TOO_LONG = 'x'.repeat(5000);
const SHARED_AND_PRIVATE = (1 << 20) | (1 << 18);

const FAILING: { [Name in Failing]: Fields<Name> } = {
  open: { path: MISSING, flags: 0, out: 'out' },
  close: { slot: EMPTY },
  mkdir: { path: MISSING, mode: 0o755 },
  write: { path: MISSING, data: 'x' },
  writeFirst: { paths: [MISSING], data: ['x'] },
  writeSlot: { slot: EMPTY, data: 'x' },
  mkfifo: { path: MISSING, mode: 0o600 },
  unlink: { path: '/etc' },
  rmdir: { path: '/etc/passwd' },
  inherit: { from: MISSING, to: MISSING },
  connect: { path: MISSING, out: 'out' },
  pidfile: { path: MISSING, pidfd: EMPTY },
  post: { slot: EMPTY },
  wait: { slot: EMPTY },
  sendFd: { slot: EMPTY, fd: EMPTY, data: 'x' },
  recvFd: { slot: EMPTY, out: 'out' },
  offerFd: { slot: EMPTY, fd: EMPTY },
  takeFd: { slot: EMPTY, pidfd: EMPTY, out: 'out' },
  sendFdWithPid: { slot: EMPTY, fd: EMPTY, pidfd: EMPTY, pieces: ['x'] },
  clone: { program: 'main', flags: 1, out: 'out' },
  unshare: { flags: 1 },
  setns: { slot: EMPTY, flags: 0 },
  pidfd: { pid: 0x7fff_ffff, out: 'out' },
  idmap: { pidfd: EMPTY, uidMap: '', gidMap: '' },
  release: { go: MISSING, report: MISSING },
  awaitGo: { slot: EMPTY },
  reportTo: { slot: EMPTY },
  supervise: { pidfd: EMPTY },
  detachKeys: { keys: new Uint8Array() },
  setsid: {},
  exec: { candidates: [MISSING], argv: ['x'], env: [] },
  findProgram: { candidates: [MISSING], name: 'x' },
  adopt: { pidfd: EMPTY, program: 'main' },
  hook: { path: MISSING, argv: ['x'], head: '{}' },
  own: { paths: [MISSING, TOO_LONG], uid: 0 },
  mapIds: { pidfd: EMPTY, path: MISSING, argv: ['x', ''] },
  busConnect: { path: MISSING, out: 'out' },
  busCall: { bus: EMPTY, message: new Uint8Array(16) },
  notifySocket: { directory: MISSING, out: 'out' },
  notify: { socket: EMPTY, to: MISSING, pidfd: EMPTY },
  scheduler: { policy: 99, nicePlus20: 20 },
  ioPriority: { class: 7 },
  affinity: { mask: new Uint8Array(8) },
  memoryPolicy: { mode: 99, nodes: new Uint8Array() },
  copyUp: { from: EMPTY, to: EMPTY },
  userns: { uidMap: 'x', gidMap: 'x', out: 'out' },
  mkpath: { root: EMPTY, path: '/x', mode: 0o755 },
  mknod: { root: EMPTY, path: '/x', mode: 0o20666, major: 1, minor: 3 },
  bindDevice: { root: EMPTY, path: '/x', source: EMPTY },
  symlink: { root: EMPTY, path: '/x', target: 'y' },
  mask: { root: EMPTY, path: '/x', empty: EMPTY, null: EMPTY },
  readonly: { root: EMPTY, path: '/x' },
  readFile: { root: EMPTY, path: '/x', max: 1 },
  fsmount: { fstype: 'nonesuch', out: 'out' },
  tree: { path: MISSING, out: 'out' },
  mountAttr: { slot: EMPTY, set: 1 },
  attach: { mount: EMPTY, target: EMPTY },
  attachAt: { mount: EMPTY, path: MISSING },
  mount: { source: 'none', target: MISSING, fstype: 'tmpfs' },
  umount: { path: MISSING },
  pivot: { root: EMPTY },
  chroot: { root: EMPTY },
  propagation: { flags: SHARED_AND_PRIVATE },
  pty: { root: EMPTY, master: 'out', peer: 'peer' },
  controllingTty: { slot: EMPTY },
  stdio: { in: EMPTY },
  hostname: { name: TOO_LONG },
  domainname: { name: TOO_LONG },
  ifUp: { name: 'none9' },
  rlimit: { resource: 99, soft: 1, hard: 1 },
  prctl: { option: 0xffff },
  oomScore: { plus1000: 5000 },
  seccomp: { filter: new Uint8Array() },
  cwd: { path: MISSING },
  sessionKeyring: { name: TOO_LONG },
  moveDevice: { target: EMPTY, name: 'none9' },
  netlink: { target: EMPTY, requests: new Uint8Array(20), names: ['x'] },
  pidfdOf: { path: MISSING, out: 'out' },
  exitFile: { path: MISSING },
  openMount: { root: EMPTY, path: '/x', out: 'out' },
  detach: { fds: EMPTY, mount: EMPTY },
  deviceProgram: { cgroup: EMPTY, program: new Uint8Array(8) },
};

/** Nothing that goes wrong here can reach the machine's own mounts or names. */
const APART: Step[] = [
  { op: 'unshare', flags: CLONE.NEWNS | CLONE.NEWUTS | CLONE.NEWNET },
  { op: 'propagation', flags: MS_PRIVATE_REC },
  // The second one fails.
  { op: 'setsid', onError: 'ignore' },
];

/** The slots that the fields name, so that each is known to the plan. */
const NAMED: Step[] = [EMPTY, 'out', 'peer'].map((slot) => ({ op: 'close', slot, onError: 'ignore' }));

const planOf = (scene: Scene, name: Failing, onError: OnError): Plan => {
  const step = { op: name, ...FAILING[name], onError } as Step;
  const after: Step = { op: 'mkdir', path: join(scene.dir, 'after'), mode: 0o755 };
  return alone(...APART, ...NAMED, step, after);
};

describe.each(BUILDS)('%s', (binary) => {
  test.each(Object.keys(FAILING) as Failing[])('a %s that fails', async (name) => {
    using failing = new Scene(binary);
    const failed = await failing.run(planOf(failing, name, 'fail'));
    expect({ code: failed.code, after: failing.has('after') }).toEqual({ code: 125, after: false });
    expect(failure(failed)?.step).toBe(APART.length + NAMED.length);

    using warning = new Scene(binary);
    const warned = await warning.run(planOf(warning, name, 'warn'));
    expect({ code: warned.code, after: warning.has('after') }).toEqual({ code: 0, after: true });
    expect(warned.records).toMatchObject([
      { kind: 'warn', step: APART.length + NAMED.length, value: failure(failed)?.value },
    ]);

    using ignoring = new Scene(binary);
    const ignored = await ignoring.run(planOf(ignoring, name, 'ignore'));
    expect({ code: ignored.code, after: ignoring.has('after') }).toEqual({ code: 0, after: true });
    expect(ignored.records).toEqual([]);
  });
});
