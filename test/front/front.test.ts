/** dist/sampan is two programs in one file: which of them does what, and that both do the same. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import { ociWorld, type OciWorld } from '#test/oci/world.ts';
import { SAMPAN, TREE } from '#tools/places.ts';

const FRONT_ASAN = join(TREE, 'dist/front-build/front-asan');

function call(program: string, args: readonly string[], argv0 = program) {
  const { status, stdout, stderr } = spawnSync(program, args, { argv0, encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
}

/** Peak memory of a process in KB while it lives: what the system counts for its whole life has its parent's in it. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

let directory: string;
let world: OciWorld;
let engine: CliWorld;
beforeAll(async () => {
  engine = await cliWorld();
  await engine.sampan('pull', '-q', engine.image);
  directory = mkdtempSync(join(tmpdir(), 'sampan-front-'));
  world = ociWorld();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  world[Symbol.dispose]();
  rmSync(directory, { recursive: true, force: true });
});

describe('which program goes on', () => {
  test.each(['sampan-oci', 'runc', 'crun'])('called as %s it is the OCI runtime', (name) => {
    symlinkSync(SAMPAN, join(directory, name));
    expect(call(join(directory, name), ['--version']).stdout).toContain('spec: ');
  });

  test('the large program does what the front does not', () => {
    expect(call(SAMPAN, ['--version']).stdout).toMatch(/^sampan version \S+\n$/);
    expect(call(SAMPAN, ['--root', directory, 'images']).stdout).toStartWith('REPOSITORY');
    expect(call(SAMPAN, ['nosuch']).status).toBe(125);
  });

  test('help and mistakes read the same wherever the command is done', () => {
    for (const args of [
      ['run', '--help'],
      ['run'],
      ['run', '--nosuch', 'x'],
      ['oci', 'nosuch'],
      ['oci', 'run', '--help'],
    ]) {
      const large = call(SAMPAN, args, 'sampan-large');
      expect({ args, ...call(SAMPAN, args) }).toEqual({ args, ...large });
    }
  });

  test('without its dynamic loader nothing is mapped that was not asked for', () => {
    // Only the front runs for `oci`: no glibc, no interpreter of the large program.
    world.configure(['true']);
    const trace = join(directory, 'trace');
    const args = ['-f', '-o', trace, '-e', 'trace=openat', SAMPAN, 'oci', '--root', join(directory, 'state'), 'list'];
    expect(call('strace', args).status).toBe(0);
    expect(readFileSync(trace, 'utf8')).not.toContain('libc.so');
  });
});

describe('both programs', () => {
  test.each(['sampan', 'sampan-large'])('a life from create to delete, called as %s', (argv0) => {
    world.configure(['sleep', '100']);
    const state = join(directory, `state-${argv0}`);
    const oci = (...args: string[]) =>
      spawnSync(SAMPAN, ['oci', '--root', state, ...args], {
        argv0,
        cwd: world.directory,
        encoding: 'utf8',
        stdio: ['ignore', args[0] === 'create' ? 'ignore' : 'pipe', args[0] === 'create' ? 'ignore' : 'pipe'],
      });
    expect(oci('create', 'both').status).toBe(0);
    expect(JSON.parse(oci('state', 'both').stdout)).toMatchObject({ id: 'both', status: 'created' });
    expect(oci('start', 'both').status).toBe(0);
    expect(oci('exec', 'both', 'sh', '-c', 'exit 7').status).toBe(7);
    expect(oci('list', '-q').stdout).toBe('both\n');
    expect(oci('kill', 'both', 'KILL').status).toBe(0);
    expect(oci('delete', '--force', 'both').status).toBe(0);
    expect(oci('state', 'both').stderr).toContain('container does not exist: both');
  });

  test('a plan is the same byte for byte', () => {
    world.configure(['true']);
    const plan = (argv0: string) => call(SAMPAN, ['oci', 'explain', '--help'], argv0).status;
    expect(plan('sampan')).toBe(plan('sampan-large'));
    const dry = (argv0: string) =>
      spawnSync(SAMPAN, ['oci', '--root', join(directory, 'dry'), 'run', '--dry-run', 'x'], {
        argv0,
        cwd: world.directory,
        encoding: 'utf8',
      }).stdout;
    expect(dry('sampan').length).toBeGreaterThan(1000);
    expect(dry('sampan')).toBe(dry('sampan-large'));
  });
});

describe('the programs that the build has loaded', () => {
  const heap = (name: string): Buffer => readFileSync(join(TREE, 'dist/front-build', `front-heap-${name}`));

  test.each(['oci', 'engine'])('%s knows nothing of the process that loaded it', (name) => {
    const bytes = heap(name);
    expect(bytes.length).toBeGreaterThan(500_000);
    expect(bytes.includes(TREE)).toBe(false);
    expect(bytes.includes(process.env['PATH'] ?? 'PATH=')).toBe(false);
    const foreign: number[] = [];
    for (let at = 0; at < bytes.length; at += 8) {
      // Stacks, and what mmap gives: addresses that are others each time. A range of letters may end with such a word, too.
      const word = bytes.readBigUInt64LE(at);
      if (word >> 40n === 0x7fn && word << 24n !== 0x7fn << 64n) foreign.push(at);
    }
    expect(foreign).toEqual([]);
  });

  test('each process has its own arguments, directory and environment', () => {
    world.configure(['true']);
    const dry = (cwd: string, env: Record<string, string>, ...more: string[]) => {
      const args = ['oci', '--root', join(directory, 'own'), 'run', '--dry-run', ...more, 'x'];
      return spawnSync(SAMPAN, args, { cwd, encoding: 'utf8', env: { PATH: '/bin', ...env } });
    };
    expect(dry(directory, {}, '--config', 'none.json').stderr).toContain(join(directory, 'none.json'));
    expect(dry('/', {}, '--config', 'none.json').stderr).toContain(" '/none.json'");
    expect(dry(world.directory, { LISTEN_FDS: '2' }).stdout).toContain('LISTEN_FDS=2');
    expect(dry(world.directory, {}).stdout).not.toContain('LISTEN_FDS');
  });
});

describe('what the small engine must not get wrong', () => {
  test('a closed standard output takes nothing that belongs to a file', () => {
    for (const closed of ['>&-', '2>&-', '<&- >&- 2>&-']) {
      const line = `"$0" --root "$1" ps -a ${closed}; echo "$?"`;
      expect([closed, call('sh', ['-c', line, SAMPAN, engine.root]).stdout.trim().split('\n').at(-1)]).toEqual([
        closed,
        '0',
      ]);
    }
    expect(readFileSync(join(engine.root, 'sampan.db')).toString('latin1', 0, 15)).toBe('SQLite format 3');
  });

  test('a container that writes for long costs no memory, and a slow reader loses nothing', async () => {
    const child = Bun.spawn(
      [SAMPAN, '--root', engine.root, 'run', '--rm', engine.image, 'dd', 'if=/dev/zero', 'bs=64k', 'count=3000'],
      { stdout: 'pipe', stderr: 'ignore', stdin: 'ignore' },
    );
    let bytes = 0;
    let peak = 0;
    for await (const chunk of child.stdout) {
      bytes += chunk.length;
      peak = Math.max(peak, peakOf(child.pid));
      if (bytes < 1_000_000) await Bun.sleep(20);
    }
    expect(await child.exited).toBe(0);
    expect(bytes).toBe(3000 * 65536);
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(60_000);
  });

  test('a signal ends the program although its output is read by nobody', async () => {
    const child = Bun.spawn(
      [
        SAMPAN,
        '--root',
        engine.root,
        'run',
        '--rm',
        engine.image,
        'sh',
        '-c',
        'trap "exit 9" TERM; while :; do echo x; done',
      ],
      { stdout: 'pipe', stderr: 'ignore', stdin: 'ignore' },
    );
    await Bun.sleep(500);
    child.kill('SIGTERM');
    const read = new Response(child.stdout).text(); // only now
    expect(await child.exited).toBe(9);
    await read;
  });

  test('a reader that goes away ends nothing', () => {
    const line = '"$0" --root "$1" run --rm "$2" seq 1 100000 | head -1; echo "$?"';
    expect(call('sh', ['-c', line, SAMPAN, engine.root, engine.image]).stdout).toBe('1\n0\n');
  });
});

describe('with sanitizers', () => {
  const state = () => join(directory, 'state-asan');
  const oci = (...args: string[]) =>
    spawnSync(FRONT_ASAN, ['oci', '--root', state(), ...args], { cwd: world.directory, encoding: 'utf8' });

  test('run, list, failures and odd arguments', () => {
    world.configure(['sh', '-c', 'echo out; exit 5']);
    expect(oci('run', 'a')).toMatchObject({ status: 5, stdout: 'out\n', stderr: '' });
    expect(oci('list').status).toBe(0);
    expect(oci('state', 'nosuch')).toMatchObject({ status: 1, stderr: 'container does not exist: nosuch\n' });
    expect(oci('run', '../x').stderr).toContain('container id');
    expect(oci('run', '--bundle', '/nonexistent/\u{1f6a2}é', 'b').stderr).toContain('\u{1f6a2}é');
    world.configure(['nosuch']);
    expect(oci('run', 'c').status).not.toBe(0);
    // A path that a C string would end early.
    world.configure(['true'], (spec) => void ((spec.root as { path: string }).path = 'rootfs\0x'));
    expect(oci('run', 'd')).toMatchObject({ status: 1, stderr: expect.stringMatching(/NUL|EINVAL/) });
    // It has no large program to become, and must not try for ever.
    const { status, stderr } = spawnSync(FRONT_ASAN, ['images'], {
      encoding: 'utf8',
      env: { ...process.env, SAMPAN_FRONT: 'engine' },
    });
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('large program is missing'),
    });
  });

  test('the commands of the engine, with its database and the monitor', async () => {
    await engine.sampan('run', '--rm', engine.image, 'true'); // the launcher is laid down by the large program
    const sampan = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(FRONT_ASAN, ['--root', engine.root, ...args], {
        encoding: 'utf8',
        env: { ...process.env, SAMPAN_FRONT: 'engine' },
      });
      return { status, stdout, stderr };
    };
    expect(sampan('run', '--rm', engine.image, 'sh', '-c', 'seq 1 20000; exit 3').status).toBe(3);
    expect(sampan('run', '-d', '--name', 'lean', engine.image, 'sleep', '1000').status).toBe(0);
    expect(sampan('exec', 'lean', 'echo', 'in')).toEqual({ status: 0, stdout: 'in\n', stderr: '' });
    expect(sampan('ps').stdout).toContain('lean');
    expect(JSON.parse(sampan('inspect', 'lean').stdout)).toMatchObject([{ Name: expect.stringContaining('lean') }]);
    expect(sampan('stop', '-t', '0', 'lean').status).toBe(0);
    expect(sampan('start', 'lean').status).toBe(0);
    expect(sampan('kill', 'lean').status).toBe(0);
    expect(sampan('rm', '-f', 'lean').status).toBe(0);
    expect(sampan('run', '--name', 'a b', engine.image, 'true').status).toBe(125);
  });
});
