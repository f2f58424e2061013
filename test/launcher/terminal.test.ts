import { describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePlan } from '#kernel/encode.ts';
import { parseReport } from '#kernel/report.ts';
import type { Plan, Step } from '#kernel/plan.ts';
import { ALL_NAMESPACES, BUILDS, Scene, enterRoot, failure, program, shell } from './harness.ts';

const DEVPTS: Step[] = [
  { op: 'mkpath', root: 'root', path: '/dev/pts', mode: 0o755, out: 'at' },
  { op: 'fsmount', fstype: 'devpts', options: ['newinstance', 'ptmxmode=0666', 'mode=0620'], out: 'pts' },
  { op: 'attach', mount: 'pts', target: 'at' },
];
const PTY: Step = { op: 'pty', root: 'root', master: 'master', peer: 'peer', rows: 11, columns: 33, uid: 5 };

/** A container whose program has a terminal that the launcher relays to its own standard descriptors. */
function withTerminal(scene: Scene, script: string, mounts = DEVPTS): Plan {
  const close = (slot: string): Step => ({ op: 'close', slot });
  return {
    programs: [
      program(
        'main',
        { op: 'channel', a: 'a', b: 'b' },
        { op: 'clone', program: 'container', flags: ALL_NAMESPACES, out: 'init' },
        close('b'),
        { op: 'recvFd', slot: 'a', out: 'tty' },
        { op: 'supervise', pidfd: 'init', tty: 'tty' },
      ),
      program(
        'container',
        close('a'),
        ...enterRoot(scene.root),
        ...mounts,
        { op: 'pivot', root: 'root' },
        PTY,
        { op: 'sendFd', slot: 'b', fd: 'master', data: '/dev/ptmx' },
        close('master'),
        { op: 'setsid' },
        { op: 'controllingTty', slot: 'peer' },
        { op: 'stdio', in: 'peer', out: 'peer', err: 'peer' },
        shell(script),
      ),
    ],
  };
}

describe.each(BUILDS)('%s', (binary) => {
  test('a program has the terminal of its own devpts, with size and owner, also as its console', async () => {
    using scene = new Scene(binary);
    const out = await scene.run(
      withTerminal(
        scene,
        'busybox tty; busybox stty size; busybox stat -c %u /dev/pts/0; busybox stat -c %t /dev/console; echo out > /dev/console; exit 5',
      ),
    );
    expect(failure(out)).toBeUndefined();
    expect(out.stdout.replaceAll('\r', '')).toBe('/dev/pts/0\n11 33\n5\n88\nout\n');
    expect(out.code).toBe(5);
  });

  test('everything the program wrote comes out before the launcher ends', async () => {
    using scene = new Scene(binary);
    const out = await scene.run(withTerminal(scene, 'busybox seq 1 20000'));
    expect(out.stdout.replaceAll('\r', '').trim().split('\n')).toEqual(
      Array.from({ length: 20000 }, (_, i) => String(i + 1)),
    );
  });

  test('input reaches the program, our own terminal gives its size and gets its modes back', async () => {
    using scene = new Scene(binary);
    const [plan, report, log] = ['plan', 'report', 'log'].map((name) => join(scene.dir, name)) as [
      string,
      string,
      string,
    ];
    const script = 'read line; echo "got $line"; busybox stty size; exit 6';
    writeFileSync(plan, encodePlan(withTerminal(scene, script)));
    writeFileSync(report, '');
    const inner = `stty rows 40 cols 90; stty -g >${log}.before; ${binary} launch 3 4 3<${plan} 4>>${report}; echo "status $?"; stty -g >${log}.after`;
    const child = Bun.spawn(['script', '-qfec', inner, '/dev/null'], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    await Bun.sleep(400);
    void child.stdin.write('hello\r');
    await child.stdin.flush();
    const text = (await new Response(child.stdout).text()).replaceAll('\r', '');
    void child.stdin.end();
    expect(text).toContain('got hello\n40 90\nstatus 6\n');
    expect(parseReport(readFileSync(report)).map((record) => record.kind)).toEqual(['exit']);
    expect(readFileSync(`${log}.after`, 'utf8')).toBe(readFileSync(`${log}.before`, 'utf8'));
  });

  test.each([
    ['a directory that is no devpts', (root: string) => mkdirSync(join(root, 'dev/pts')), 'ENODEV'],
    ['a link out of the container', (root: string) => symlinkSync('/../../dev/pts', join(root, 'dev/pts')), 'ELOOP'],
  ])('refuses %s at /dev/pts', async (_, attack, name) => {
    using scene = new Scene(binary);
    rmSync(join(scene.root, 'dev/pts'), { recursive: true, force: true });
    attack(scene.root);
    const out = await scene.run(withTerminal(scene, 'true', []));
    expect(out.code).toBe(125);
    expect(failure(out)).toMatchObject({ name, path: '/dev/pts/ptmx' });
  });

  test('refuses a /dev/console that is a symlink', async () => {
    using scene = new Scene(binary);
    symlinkSync('/etc', join(scene.root, 'dev/console'));
    expect(failure(await scene.run(withTerminal(scene, 'true')))).toMatchObject({
      name: 'ELOOP',
      path: '/dev/console',
    });
  });

  test('refuses another device in the place of ptmx', async () => {
    using scene = new Scene(binary);
    mkdirSync(join(scene.root, 'dev/pts'));
    spawnSync('mknod', [join(scene.root, 'dev/pts/ptmx'), 'c', '1', '3']);
    expect(failure(await scene.run(withTerminal(scene, 'true', [])))?.name).toBe('ENODEV');
  });
});
