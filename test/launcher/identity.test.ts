import { describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from '#kernel/plan.ts';
import {
  BUILDS,
  CLONE,
  MOUNT_PROC,
  O,
  Scene,
  alone,
  container,
  enterRoot,
  failure,
  scripted,
  shell,
} from './harness.ts';

const CAP = { CHOWN: 1n << 0n, KILL: 1n << 5n, SETUID: 1n << 7n, NET_BIND: 1n << 10n } as const;
const hex = (bits: bigint): string => bits.toString(16).padStart(16, '0');
const PR_SET_NO_NEW_PRIVS = 38;

/** One classic BPF instruction. */
function instruction(code: number, jt: number, jf: number, k: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(jt, 2);
  bytes.writeUInt8(jf, 3);
  bytes.writeUInt32LE(k, 4);
  return bytes;
}
/** Answers EPERM (or what is given) to one system call, allows the rest. */
function deny(call: number, answer = 0x00050001): Uint8Array {
  return Buffer.concat([
    instruction(0x20, 0, 0, 0),
    instruction(0x15, 0, 1, call),
    instruction(6, 0, 0, answer),
    instruction(6, 0, 0, 0x7fff0000),
  ]);
}
const SYS_SETHOSTNAME = process.arch === 'x64' ? 170 : 161;
const SYS_CLOSE_RANGE = 436;

describe.each(BUILDS)('%s', (binary) => {
  test('a program gets the ids, groups, capabilities, limits and umask of the plan', async () => {
    using scene = new Scene(binary);
    chmodSync(scene.dir, 0o755);
    const steps: Step[] = [
      { op: 'rlimit', resource: 7, soft: 100, hard: 200 },
      { op: 'umask', mask: 0o27 },
      { op: 'dropBounding', keep: CAP.CHOWN | CAP.KILL },
      { op: 'ids', uid: 1000, gid: 1001, groups: [5, 1002] },
      { op: 'caps', effective: CAP.KILL, permitted: CAP.KILL, inheritable: CAP.KILL, ambient: CAP.KILL },
      { op: 'prctl', option: PR_SET_NO_NEW_PRIVS, a: 1 },
    ];
    const script =
      'busybox id; busybox grep -E "^(Cap|NoNew|Groups|Umask)" /proc/self/status; ulimit -Sn; ulimit -Hn; umask';
    const out = await scene.run(scripted(scene, MOUNT_PROC, script, steps));
    expect(out.stderr).toBe('');
    expect(out.stdout.split('\n')).toEqual([
      'uid=1000 gid=1001 groups=5,1002',
      'Umask:\t0027',
      'Groups:\t5 1002 ',
      `CapInh:\t${hex(CAP.KILL)}`,
      `CapPrm:\t${hex(CAP.KILL)}`,
      `CapEff:\t${hex(CAP.KILL)}`,
      `CapBnd:\t${hex(CAP.CHOWN | CAP.KILL)}`,
      `CapAmb:\t${hex(CAP.KILL)}`,
      'NoNewPrivs:\t1',
      '100',
      '200',
      '0027',
      '',
    ]);
  });

  test('capabilities that are not held are left out with one warning', async () => {
    using scene = new Scene(binary);
    const all = CAP.CHOWN | CAP.SETUID;
    const steps: Step[] = [
      { op: 'caps', effective: CAP.CHOWN, permitted: CAP.CHOWN, inheritable: 0, ambient: 0 },
      { op: 'caps', effective: all, permitted: all, inheritable: all, ambient: all },
      { op: 'dropBounding', keep: ~0n, onError: 'ignore' },
    ];
    const out = await scene.run(alone(...steps));
    expect(out.code).toBe(0);
    expect(out.records).toMatchObject([{ kind: 'warn', step: 1, value: 1 }]);
    expect(out.records[0]?.detail.toString()).toBe(`0x${CAP.SETUID.toString(16)}`);
  });

  test('a program starts with default signals and an empty mask, though we were started with SIGPIPE ignored', async () => {
    using scene = new Scene(binary);
    // The program itself, since a shell sets signals of its own.
    const argv = ['grep', '-E', '^Sig(Blk|Ign|Cgt)', '/proc/self/status'];
    const out = await scene.run(alone({ op: 'exec', candidates: ['/bin/busybox'], argv, env: [] }));
    expect(out.stdout).toBe(['SigBlk', 'SigIgn', 'SigCgt'].map((name) => `${name}:\t${hex(0n)}\n`).join(''));
  });

  test('without a umask step the umask is the one we were started with', async () => {
    using scene = new Scene(binary);
    const out = await scene.run(scripted(scene, [], 'umask'));
    expect(parseInt(out.stdout, 8)).toBe(process.umask());
  });

  test('a seccomp filter is loaded, also one that denies what the launcher needs between it and exec', async () => {
    using scene = new Scene(binary);
    const load = (filter: Uint8Array): Step => ({ op: 'seccomp', filter });
    const out = await scene.run(
      scripted(scene, [], 'busybox hostname x || echo refused', [
        load(deny(SYS_SETHOSTNAME)),
        load(deny(SYS_CLOSE_RANGE)),
      ]),
    );
    expect(out.stdout).toBe('refused\n');
    expect(out.code).toBe(0);
    for (const filter of [new Uint8Array(), new Uint8Array(7), new Uint8Array(8)]) {
      expect(failure(await scene.run(alone(load(filter))))?.name).toBe('EINVAL');
    }
  });

  describe('cwd', () => {
    test('goes there, and names a missing one', async () => {
      using scene = new Scene(binary);
      const out = await scene.run(scripted(scene, [], 'pwd', [{ op: 'cwd', path: '/tmp' }, { op: 'checkCwd' }]));
      expect(out.stdout).toBe('/tmp\n');
      expect(failure(await scene.run(scripted(scene, [], 'pwd', [{ op: 'cwd', path: '/none' }])))).toMatchObject({
        name: 'ENOENT',
        path: '/none',
      });
    });

    test('is refused when a leaked descriptor would make it a directory of the host', async () => {
      using scene = new Scene(binary);
      const fd = openSync(scene.dir, 'r');
      const path = '/proc/self/fd/5'; // after plan and report, the first that is handed over
      const reachable: Step = { op: 'open', path, flags: O.PATH | O.DIRECTORY, out: 'seen' };
      const plan = scripted(scene, MOUNT_PROC, 'pwd', [reachable, { op: 'cwd', path }]);
      const out = await scene.run({ ...plan, inherited: ['leak'] }, [fd]);
      closeSync(fd);
      const step = plan.programs.flatMap((each) => each.steps).findIndex((each) => each.op === 'cwd');
      expect(failure(out)).toMatchObject({ name: 'ENOENT', path, step });
    });

    test('a program whose path is a leaked descriptor is not found, since they are closed before', async () => {
      using scene = new Scene(binary);
      const exec: Step = { op: 'exec', candidates: ['/proc/self/fd/50/busybox'], argv: ['busybox'], env: [] };
      const fd = openSync('/bin', 'r');
      const plan = container([...enterRoot(scene.root), ...MOUNT_PROC, { op: 'pivot', root: 'root' }, exec]);
      const out = await scene.run({ ...plan, inherited: ['host'] }, [fd]);
      closeSync(fd);
      expect(failure(out)?.name).toBe('ENOENT');
    });
  });

  describe('exec', () => {
    const exec = (...candidates: string[]): Step => ({ op: 'exec', candidates, argv: ['x', 'a b'], env: ['A=1'] });

    test('tries the candidates in turn', async () => {
      using scene = new Scene(binary);
      const out = await scene.run(alone(exec('/no/such', '/etc/passwd/x', '/bin/echo')));
      expect(out.stdout).toBe('a b\n');
    });

    test.each([
      ['a missing program', ['/a/x', '/b/x'], 'ENOENT', '/a/x', ''],
      [
        'a file without permission before a missing one',
        ['/none', 'DIR/plain', '/none2'],
        'EACCES',
        'DIR/plain',
        '#!/bin/sh\n',
      ],
      ['a missing interpreter', ['/none', 'DIR/script'], 'ENOENT', 'DIR/script', '#!/no/such/shell\necho\n'],
      ['a file of no known format', ['DIR/junk', '/bin/echo'], 'ENOEXEC', 'DIR/junk', '\x7fELF junk'],
    ])('reports %s with the head of the file', async (_, candidates, name, path, head) => {
      using scene = new Scene(binary);
      writeFileSync(join(scene.dir, 'plain'), '#!/bin/sh\n', { mode: 0o644 });
      writeFileSync(join(scene.dir, 'script'), '#!/no/such/shell\necho\n', { mode: 0o755 });
      writeFileSync(join(scene.dir, 'junk'), '\x7fELF junk', { mode: 0o755 });
      const at = (text: string): string => text.replace('DIR', scene.dir);
      const out = await scene.run(alone(exec(...candidates.map(at))));
      expect(out.code).toBe(125);
      expect(failure(out)).toMatchObject({ name, path: at(path) });
      expect(failure(out)?.detail.toString()).toBe(head);
    });

    test('keeps only the preserved descriptors, in order, and no other', async () => {
      using scene = new Scene(binary);
      const paths = ['one', 'two'].map((name) => join(scene.dir, name));
      paths.forEach((path) => writeFileSync(path, `${path}\n`));
      const fds = paths.map((path) => openSync(path, 'r'));
      const run: Step = {
        op: 'exec',
        candidates: ['/bin/busybox'],
        argv: ['sh', '-c', 'cat <&3; cat <&4; echo /proc/$$/fd/*'],
        env: ['PATH=/bin'],
        preserve: 2,
      };
      const out = await scene.run(
        { ...alone({ op: 'open', path: '/', flags: 0, out: 'x' }, run), inherited: ['a', 'b'] },
        fds,
      );
      fds.forEach(closeSync);
      expect(out.stdout.replace(/\/proc\/\d+\/fd\//g, '')).toBe(`${paths[0]}\n${paths[1]}\n0 1 2 3 4 5\n`); // 5: the shell's own look into that directory
    });
  });

  test('the launcher runs from a sealed memfd that cannot be opened for writing, and hides itself', async () => {
    using scene = new Scene(binary);
    const fifo = join(scene.dir, 'fifo');
    spawnSync('mkfifo', [fifo]);
    const { launch, outcome } = scene.start(alone({ op: 'open', path: fifo, flags: 1, out: 'x' }));
    await Bun.sleep(100);
    const proc = `/proc/${launch.pid}`;
    expect(spawnSync('readlink', [`${proc}/exe`]).stdout.toString()).toContain('/memfd:sampan-launcher');
    expect(() => openSync(`${proc}/exe`, 'r+')).toThrow(/ETXTBSY|EPERM/);
    expect(
      spawnSync('cat', [`${proc}/environ`])
        .stdout.toString()
        .replaceAll('\0', ''),
    ).toBe('');
    expect(spawnSync('busybox', ['stat', '-c', '%u', proc]).stdout.toString()).toBe('0\n');
    closeSync(openSync(fifo, 'r'));
    expect((await outcome).code).toBe(0);
  });

  test('host name, domain name and loopback are those of the container', async () => {
    using scene = new Scene(binary);
    const script =
      'cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname; busybox ip -o link | busybox grep -c LOOPBACK,UP';
    const steps: Step[] = [
      { op: 'hostname', name: 'boat' },
      { op: 'domainname', name: 'harbour' },
      { op: 'ifUp', name: 'lo' },
    ];
    expect((await scene.run(scripted(scene, MOUNT_PROC, script, steps))).stdout).toBe('boat\nharbour\n1\n');
    expect(failure(await scene.run(scripted(scene, [], 'true', [{ op: 'ifUp', name: 'eth9' }])))).toMatchObject({
      name: 'ENODEV',
      path: 'eth9',
    });
  });

  test('oom score and limits of another process are set by its pidfd', async () => {
    using scene = new Scene(binary);
    const plan = container(
      [
        { op: 'close', slot: 'a' },
        { op: 'wait', slot: 'b' },
        ...enterRoot(scene.root),
        ...MOUNT_PROC,
        { op: 'pivot', root: 'root' },
        shell('cat /proc/self/oom_score_adj; ulimit -n'),
      ],
      CLONE.NEWNS | CLONE.NEWPID,
      [{ op: 'channel', a: 'a', b: 'b' }],
      [
        { op: 'close', slot: 'b' },
        { op: 'oomScore', pidfd: 'init', plus1000: 1123 },
        { op: 'rlimit', pidfd: 'init', resource: 7, soft: 64, hard: 64 },
        { op: 'post', slot: 'a' },
      ],
    );
    expect((await scene.run(plan)).stdout).toBe('123\n64\n');
    const self = await scene.run(
      alone(
        { op: 'oomScore', plus1000: 1007 },
        { op: 'exec', candidates: ['/bin/cat'], argv: ['cat', '/proc/self/oom_score_adj'], env: [] },
      ),
    );
    expect(self.stdout).toBe('7\n');
  });
});
