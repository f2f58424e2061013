import { describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan, Step } from '#kernel/plan.ts';
import {
  BUILDS,
  CLONE,
  Scene,
  alone,
  container,
  enterRoot,
  failure,
  program,
  processesWith,
  scripted,
  shell,
} from './harness.ts';

const clone = (name: string, flags: bigint | number = 0): Step => ({
  op: 'clone',
  program: name,
  flags,
  out: `${name}.pid`,
});
const channel: Step = { op: 'channel', a: 'a', b: 'b' };
/** A host program that stays until it is killed; the number makes it findable. */
const sleeper = (seconds: string): Step => ({
  op: 'exec',
  candidates: ['/bin/busybox'],
  argv: ['sleep', seconds],
  env: [],
});

async function until(condition: () => boolean): Promise<void> {
  for (let left = 200; left > 0 && !condition(); left--) await Bun.sleep(10);
  expect(condition()).toBe(true);
}

describe.each(BUILDS)('%s', (binary) => {
  // Each build and test looks for its own processes.
  const seconds = (number: number): string => `${binary.endsWith('asan') ? 2 : 1}${number}.${process.pid}`;

  test('channels order what two processes do', async () => {
    using scene = new Scene(binary);
    const write = (text: string): Step => ({
      op: 'write',
      path: join(scene.dir, 'log'),
      data: text,
      flags: 0o2000 | 0o100,
      mode: 0o600,
    });
    const plan: Plan = {
      programs: [
        program(
          'main',
          channel,
          clone('child'),
          { op: 'close', slot: 'b' },
          write('1'),
          { op: 'post', slot: 'a' },
          { op: 'wait', slot: 'a' },
          write('3'),
        ),
        program('child', { op: 'close', slot: 'a' }, { op: 'wait', slot: 'b' }, write('2'), { op: 'post', slot: 'b' }),
      ],
    };
    expect((await scene.run(plan)).code).toBe(0);
    expect(readFileSync(join(scene.dir, 'log'), 'utf8')).toBe('123');
  });

  test('a descriptor goes from one process to another', async () => {
    using scene = new Scene(binary);
    const plan: Plan = {
      programs: [
        program(
          'main',
          channel,
          clone('child'),
          { op: 'close', slot: 'b' },
          { op: 'recvFd', slot: 'a', out: 'file' },
          { op: 'writeSlot', slot: 'file', data: 'hello' },
        ),
        program(
          'child',
          { op: 'close', slot: 'a' },
          { op: 'open', path: join(scene.dir, 'made'), flags: 0o101, mode: 0o600, out: 'own' },
          { op: 'sendFd', slot: 'b', fd: 'own', data: '' },
        ),
      ],
    };
    expect((await scene.run(plan)).code).toBe(0);
    expect(readFileSync(join(scene.dir, 'made'), 'utf8')).toBe('hello');
  });

  test('a failure is reported once, by the process whose step failed, and its peers stay silent', async () => {
    using scene = new Scene(binary);
    const plan: Plan = {
      programs: [
        program(
          'main',
          channel,
          clone('child'),
          { op: 'close', slot: 'b' },
          { op: 'wait', slot: 'a' },
          { op: 'setsid' },
        ),
        program('child', { op: 'close', slot: 'a' }, { op: 'umount', path: '/not/there' }, { op: 'post', slot: 'b' }),
      ],
    };
    const out = await scene.run(plan);
    expect(out.code).toBe(125);
    expect(failure(out)).toMatchObject({ name: 'ENOENT', path: '/not/there', program: 1, step: 6 });
  });

  test('a child that was killed from outside is told about by its parent', async () => {
    using scene = new Scene(binary);
    const plan: Plan = {
      programs: [
        program(
          'main',
          channel,
          { op: 'clone', program: 'child', flags: 0, out: 'pid', report: 1 },
          { op: 'close', slot: 'b' },
          { op: 'wait', slot: 'a' },
        ),
        program('child', { op: 'close', slot: 'a' }, { op: 'wait', slot: 'b' }),
      ],
    };
    const { launch, outcome } = scene.start(plan);
    await until(() => launch.records().length > 0);
    process.kill(launch.records()[0]!.value, 'SIGKILL');
    const out = await outcome;
    expect(out.code).toBe(125);
    expect(failure(out)).toMatchObject({ name: 'ECHILD', program: 0, step: 3 });
    expect(failure(out)?.detail.toString()).toContain('signal 9');
  });

  test('children are killed when their parent fails, and grandchildren too', async () => {
    using scene = new Scene(binary);
    const [child, grandchild] = [seconds(7001), seconds(7002)];
    const plan: Plan = {
      programs: [
        program(
          'main',
          channel,
          clone('child'),
          clone('middle'),
          { op: 'close', slot: 'b' },
          { op: 'wait', slot: 'a' },
          { op: 'umount', path: '/not/there' },
        ),
        program('child', sleeper(child)),
        program(
          'middle',
          { op: 'close', slot: 'a' },
          clone('grandchild'),
          { op: 'post', slot: 'b' },
          { op: 'supervise', pidfd: 'grandchild.pid' },
        ),
        program('grandchild', { op: 'close', slot: 'b' }, sleeper(grandchild)),
      ],
    };
    const out = await scene.run(plan);
    expect(out.code).toBe(125);
    expect(failure(out)?.path).toBe('/not/there');
    expect(processesWith(child)).toEqual([]);
    expect(processesWith(grandchild)).toEqual([]);
  });

  test('a grandchild dies with a middle process that waits', async () => {
    using scene = new Scene(binary);
    const name = seconds(7003);
    const plan: Plan = {
      programs: [
        program(
          'main',
          channel,
          { op: 'channel', a: 'c', b: 'd' },
          clone('middle'),
          { op: 'close', slot: 'b' },
          { op: 'wait', slot: 'a' },
          { op: 'umount', path: '/not/there' },
        ),
        program('middle', clone('grandchild'), { op: 'post', slot: 'b' }, { op: 'wait', slot: 'c' }),
        program('grandchild', sleeper(name)),
      ],
    };
    expect((await scene.run(plan)).code).toBe(125);
    expect(processesWith(name)).toEqual([]);
  });

  test('a signal to the launcher before it supervises ends its children', async () => {
    using scene = new Scene(binary);
    const name = seconds(7004);
    const plan: Plan = {
      programs: [program('main', channel, clone('child'), { op: 'wait', slot: 'a' }), program('child', sleeper(name))],
    };
    const { launch, outcome } = scene.start(plan);
    await until(() => processesWith(name).length === 1);
    launch.kill('SIGTERM');
    expect((await outcome).signal).toBe('SIGTERM');
    await until(() => processesWith(name).length === 0);
  });

  describe('supervise', () => {
    test.each([
      ['exit 0', 0, 0],
      ['exit 42', 42, 42 << 8],
    ])('gives the status of: %s', async (script, code, status) => {
      using scene = new Scene(binary);
      const out = await scene.run(scripted(scene, [], script));
      expect(out.code).toBe(code);
      expect(out.records.at(-1)).toMatchObject({ kind: 'exit', value: status });
    });

    test('gives 128+n for a signal, and passes signals on', async () => {
      using scene = new Scene(binary);
      const name = seconds(7005);
      const plan: Plan = {
        programs: [
          program('main', clone('child'), { op: 'supervise', pidfd: 'child.pid' }),
          program('child', sleeper(name)),
        ],
      };
      const { launch, outcome } = scene.start(plan);
      await until(() => processesWith(name).length === 1);
      launch.kill('SIGUSR1');
      const out = await outcome;
      expect([out.code, out.signal]).toEqual([138, null]);
      expect(out.records.at(-1)).toMatchObject({ kind: 'exit', value: 10 });
    });

    test('the steps after it are done, and its status stays', async () => {
      using scene = new Scene(binary);
      mkdirSync(join(scene.dir, 'cgroup'));
      const plan = container([...enterRoot(scene.root), { op: 'pivot', root: 'root' }, shell('exit 3')]);
      const [main, child] = plan.programs;
      const steps: Step[] = [...main!.steps, { op: 'rmdir', path: join(scene.dir, 'cgroup') }];
      expect((await scene.run({ programs: [{ name: 'main', steps }, child!] })).code).toBe(3);
      expect(scene.has('cgroup')).toBe(false);
    });
  });

  describe('init', () => {
    test('stays as the first process with nothing open, reaps orphans and gives the status', async () => {
      using scene = new Scene(binary);
      const script =
        '(busybox sleep 0.05 &) ; busybox sleep 0.15; cat /proc/[0-9]*/stat | busybox grep -c " Z "; echo $$; echo $(ls /proc/1/fd); exit 9';
      const proc: Step[] = [
        { op: 'mkpath', root: 'root', path: '/proc', mode: 0o755, out: 'at' },
        { op: 'fsmount', fstype: 'proc', out: 'proc' },
        { op: 'attach', mount: 'proc', target: 'at' },
      ];
      const out = await scene.run(scripted(scene, proc, script, [{ op: 'init' }]));
      expect(out.code).toBe(9);
      expect(out.stdout).toBe('0\n2\n0 1 2 3\n'); // 3 is what it reads signals from
    });

    test('passes signals on', async () => {
      using scene = new Scene(binary);
      const script = 'trap "echo got it; exit 4" TERM; echo ready > /tmp/ready; while :; do busybox sleep 0.01; done';
      const { launch, outcome } = scene.start(scripted(scene, [], script, [{ op: 'init' }]));
      await until(() => existsSync(join(scene.root, 'tmp/ready')));
      launch.kill('SIGTERM');
      const out = await outcome;
      expect([out.code, out.stdout]).toEqual([4, 'got it\n']);
    });
  });

  test('idmap maps a child of a user namespace', async () => {
    using scene = new Scene(binary);
    const plan = container(
      [
        { op: 'close', slot: 'a' },
        { op: 'wait', slot: 'b' },
        { op: 'ids', uid: 5, gid: 6, groups: [7] },
        { op: 'exec', candidates: ['/bin/busybox'], argv: ['id'], env: [] },
      ],
      CLONE.NEWUSER,
      [channel],
      [
        { op: 'close', slot: 'b' },
        { op: 'idmap', pidfd: 'init', uidMap: '0 100000 10\n', gidMap: '0 200000 10\n' },
        { op: 'post', slot: 'a' },
      ],
    );
    const out = await scene.run(plan);
    expect(out.stdout).toContain('uid=5');
    expect(out.stdout).toContain('groups=7');
  });

  test('a user who is not root maps its own child', async () => {
    using scene = new Scene(binary);
    spawnSync('chmod', ['755', scene.dir]);
    const plan = container(
      [
        { op: 'close', slot: 'a' },
        { op: 'wait', slot: 'b' },
        { op: 'exec', candidates: ['/bin/busybox'], argv: ['id', '-u'], env: [] },
      ],
      CLONE.NEWUSER,
      [{ op: 'ids', uid: 65534, gid: 65534 }, channel],
      [
        { op: 'close', slot: 'b' },
        { op: 'idmap', pidfd: 'init', uidMap: '0 65534 1\n', gidMap: '0 65534 1\n', denySetgroups: 1 },
        { op: 'post', slot: 'a' },
      ],
    );
    const out = await scene.run(plan);
    expect(failure(out)).toBeUndefined();
    expect(out.stdout).toBe('0\n');
  });

  describe('pidfd', () => {
    const startTime = (pid: number): bigint =>
      BigInt(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\)/, '').split(' ')[20]!);

    test('opens a process by its start time, and its pid goes to a pid file', async () => {
      using scene = new Scene(binary);
      const path = join(scene.dir, 'pid');
      const starttime = startTime(process.pid);
      const open: Step = { op: 'pidfd', pid: process.pid, starttime, out: 'p' };
      expect((await scene.run(alone(open, { op: 'pidfile', path, pidfd: 'p', starttime: 1 }))).code).toBe(0);
      expect(readFileSync(path, 'utf8')).toBe(`${process.pid} ${starttime}\n`);
      expect((await scene.run(alone(open, { op: 'pidfile', path, pidfd: 'p' }))).code).toBe(0);
      expect(readFileSync(path, 'utf8')).toBe(`${process.pid}`);
      expect(readdirSync(scene.dir).filter((name) => name.startsWith('pid'))).toEqual(['pid']);
    });

    test('refuses a pid that belongs to another process now', async () => {
      using scene = new Scene(binary);
      const out = await scene.run(
        alone({ op: 'pidfd', pid: process.pid, starttime: startTime(process.pid) + 1n, out: 'p' }),
      );
      expect(failure(out)?.name).toBe('ESRCH');
    });
  });

  test('start: a created container waits for its release, and the releaser hears how its exec went', async () => {
    using scene = new Scene(binary);
    const [go, report] = [join(scene.dir, 'go'), join(scene.dir, 'report')];
    const create = (exec: Step): Plan => ({
      programs: [
        program(
          'main',
          { op: 'mkfifo', path: go, mode: 0o600 },
          { op: 'mkfifo', path: report, mode: 0o600 },
          channel,
          clone('child'),
          { op: 'close', slot: 'b' },
          { op: 'wait', slot: 'a' },
        ),
        program(
          'child',
          { op: 'open', path: go, flags: 2, out: 'go' },
          { op: 'open', path: report, flags: 2, out: 'report' },
          { op: 'reportTo', slot: 'report' },
          { op: 'post', slot: 'b' },
          { op: 'close', slot: 'b' },
          { op: 'close', slot: 'a' },
          { op: 'awaitGo', slot: 'go' },
          exec,
        ),
      ],
    });
    const start = alone({ op: 'release', go, report });
    const remove = (): void => void spawnSync('rm', ['-f', go, report]);

    expect(
      (
        await scene.run(
          create({ op: 'exec', candidates: ['/bin/busybox'], argv: ['touch', join(scene.dir, 'ran')], env: [] }),
        )
      ).code,
    ).toBe(0);
    expect(scene.has('ran')).toBe(false);
    expect((await scene.run(start)).code).toBe(0);
    await until(() => scene.has('ran'));
    expect(failure(await scene.run(start))?.name).toBe('ENXIO');

    remove();
    await scene.run(create({ op: 'exec', candidates: ['/no/such/program'], argv: ['x'], env: [] }));
    const out = await scene.run(start);
    expect(out.code).toBe(125);
    expect(failure(out)).toMatchObject({ name: 'ENOENT', path: '/no/such/program', program: 1 });
  });

  test('nothing the launcher started or opened is left behind', async () => {
    using scene = new Scene(binary);
    writeFileSync(join(scene.root, 'etc/x'), '');
    const before = readFileSync('/proc/mounts', 'utf8');
    await scene.run(scripted(scene, [], 'exit 0'));
    expect(readFileSync('/proc/mounts', 'utf8')).toBe(before);
    expect(processesWith(scene.dir)).toEqual([]);
  });
});
