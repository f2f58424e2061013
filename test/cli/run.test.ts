import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const run = (...args: string[]) => world.sampan('run', '--rm', ...args);

describe('exit status', () => {
  test("is the program's own", async () => {
    expect((await run(world.image, 'true')).status).toBe(0);
    expect((await run(world.image, 'sh', '-c', 'exit 7')).status).toBe(7);
  });

  test('is 128 and the signal when one ended it', async () => {
    expect((await run(world.image, 'sh', '-c', 'kill -TERM $$; sleep 1')).status).toBe(0); // PID 1 is deaf to it
    expect((await run('--init', world.image, 'sh', '-c', 'kill -TERM $$; sleep 1')).status).toBe(143);
  });

  test('is 127 for a program that is not there, and says where it looked', async () => {
    const { status, stderr } = await run(world.image, 'nonesuch');
    expect(status).toBe(127);
    expect(stderr).toContain('"nonesuch"');
    expect(stderr).toContain('PATH');
  });

  test('is 126 for a file that cannot be executed', async () => {
    const { status, stderr } = await run(world.image, '/etc/passwd');
    expect(status).toBe(126);
    expect(stderr).toContain('may not be executed');
  });

  test('is 125 when the engine refuses', async () => {
    expect((await run('--nonesuch', world.image)).status).toBe(125);
    expect((await run('-u', 'nonesuch', world.image, 'true')).status).toBe(125);
    expect((await run('-m', '1', world.image, 'true')).status).toBe(125);
    expect((await run('--pull', 'never', 'nonesuch:1', 'true')).status).toBe(125);
  });
});

describe('streams', () => {
  test('output and errors stay apart and whole', async () => {
    const { stdout, stderr } = await run(world.image, 'sh', '-c', 'echo out; echo err >&2; printf tail');
    expect(stdout).toBe('out\ntail');
    expect(stderr).toBe('err\n');
  });

  test('ten megabytes arrive to the last byte', async () => {
    const { stdout, status } = await run(world.image, 'sh', '-c', 'head -c 10000000 /dev/zero | tr "\\0" x; echo end');
    expect(status).toBe(0);
    expect(stdout.length).toBe(10_000_004);
    expect(stdout.endsWith('xxend\n')).toBe(true);
  });

  test('input is passed with -i and its end is seen', async () => {
    const { stdout, status } = await world.call(['run', '--rm', '-i', world.image, 'wc', '-c'], {
      input: 'x'.repeat(300_000),
    });
    expect(status).toBe(0);
    expect(stdout.trim()).toBe('300000');
  });

  test('input is empty without -i', async () => {
    expect((await world.call(['run', '--rm', world.image, 'cat'], { input: 'unheard' })).stdout).toBe('');
  });
});

describe("the program's surroundings", () => {
  test('environment: image, ours, HOME and HOSTNAME', async () => {
    const { stdout } = await world.call(
      ['run', '--rm', '-e', 'A=1', '-e', 'OWN', '-e', 'NONE', '-h', 'boat', world.image, 'env'],
      { env: { OWN: 'mine' } },
    );
    const env = stdout.split('\n');
    expect(env).toContain('A=1');
    expect(env).toContain('OWN=mine');
    expect(env).toContain('HOSTNAME=boat');
    expect(env).toContain('HOME=/root');
    expect(env.some((line) => line.startsWith('NONE'))).toBe(false);
    expect(env.find((line) => line.startsWith('PATH='))).toContain('/usr/bin');
  });

  test('user by name with its groups, by number, and in the directory asked for', async () => {
    expect((await run('-u', 'app', world.image, 'id')).stdout).toContain(
      'uid=1000(app) gid=1000(app) groups=50(staff),1000(app)',
    );
    expect((await run('-u', '1234:5678', '-w', '/tmp/new', world.image, 'sh', '-c', 'id -u; id -g; pwd')).stdout).toBe(
      '1234\n5678\n/tmp/new\n',
    );
  });

  test('host name, hosts and the entrypoint given', async () => {
    expect((await run('-h', 'boat', world.image, 'hostname')).stdout).toBe('boat\n');
    expect((await run('-h', 'boat', world.image, 'cat', '/etc/hostname', '/etc/hosts')).stdout).toContain(
      '127.0.0.1\tboat',
    );
    expect((await run('--entrypoint', 'echo', world.image, 'a', 'b')).stdout).toBe('a b\n');
  });

  test("only loopback with network none, all of the host's with host", async () => {
    const none = (await run(world.image, 'sh', '-c', 'ls /sys/class/net; ping -c1 -W1 127.0.0.1 >/dev/null && echo up'))
      .stdout;
    expect(none).toBe('lo\nup\n');
    const own = new Set((await run('--network', 'host', world.image, 'ls', '/sys/class/net')).stdout.split('\n'));
    expect(own.has('lo')).toBe(true);
    expect(own.size).toBeGreaterThan(1);
  });

  test('a read-only root refuses writes, its /dev and mounts do not', async () => {
    const { stdout, stderr } = await run(
      '--read-only',
      world.image,
      'sh',
      '-c',
      'touch /x; touch /dev/shm/y && echo shm',
    );
    expect(stderr).toContain('Read-only file system');
    expect(stdout).toBe('shm\n');
  });

  test("a bind mount shows the host's files, read-only when asked", async () => {
    const { stdout, stderr } = await run(
      '-v',
      `${world.root}/bound:/b`,
      '-v',
      '/etc/hostname:/h:ro',
      world.image,
      'sh',
      '-c',
      'echo hi > /b/file; cat /b/file; echo no > /h',
    );
    expect(stdout).toBe('hi\n');
    expect(stderr).toContain('Read-only file system');
  });

  test('pid 1 is the program, or the init', async () => {
    expect((await run(world.image, 'sh', '-c', 'echo $$')).stdout).toBe('1\n');
    expect((await run('--init', world.image, 'sh', '-c', 'test $$ -gt 1 && echo child')).stdout).toBe('child\n');
  });
});

describe('confinement', () => {
  const capabilities = (text: string): bigint => BigInt(`0x${/CapEff:\s+(\w+)/.exec(text)?.[1] ?? '0'}`);
  const status = async (...args: string[]) => (await run(...args, world.image, 'cat', '/proc/self/status')).stdout;

  test('capabilities are the usual fourteen, more or fewer as asked', async () => {
    expect(capabilities(await status())).toBe(0xa80425fbn);
    expect(capabilities(await status('--cap-drop', 'ALL'))).toBe(0n);
    expect(capabilities(await status('--cap-drop', 'ALL', '--cap-add', 'net_admin'))).toBe(1n << 12n);
    expect(capabilities(await status('-u', 'app'))).toBe(0n);
    expect(capabilities(await status('--privileged'))).toBeGreaterThan(0xa80425fbn);
  });

  test('a filter is in force, unless privileged', async () => {
    expect(await status()).toContain('Seccomp:\t2');
    expect(await status('--privileged')).toContain('Seccomp:\t0');
    const { status: refused } = await run('--cap-add', 'SYS_TIME', world.image, 'unshare', '-U', 'true');
    expect(refused).not.toBe(0);
  });

  test('kernel files are hidden or read-only', async () => {
    const { stdout } = await run(
      world.image,
      'sh',
      '-c',
      'wc -c < /proc/timer_list; echo x 2>/dev/null > /proc/sys/kernel/hostname || echo ro',
    );
    expect(stdout).toBe('0\nro\n');
  });

  test('memory is bounded and running out of it is said', async () => {
    const { status: ended } = await world.sampan(
      'run',
      '--name',
      'oom',
      '-m',
      '16m',
      world.image,
      'sh',
      '-c',
      'tail /dev/zero',
    );
    expect(ended).toBe(137);
    const [seen] = JSON.parse((await world.sampan('inspect', 'oom')).stdout) as [{ State: { OOMKilled: boolean } }];
    expect(seen.State.OOMKilled).toBe(true);
    await world.sampan('rm', 'oom');
  });

  test('processes are bounded', async () => {
    const { stderr } = await run(
      '--pids-limit',
      '5',
      world.image,
      'sh',
      '-c',
      'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait',
    );
    expect(stderr).toContain("can't fork");
  });

  test('processor time is bounded', async () => {
    const { stdout } = await run(
      '--cpus',
      '0.5',
      world.image,
      'sh',
      '-c',
      'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d" " -f1 /sys/fs/cgroup/cpu.max',
    );
    expect(stdout).toBe('50000\n');
  });
});

describe('names and options', () => {
  test('a name in use is refused and nothing is changed', async () => {
    expect((await world.sampan('run', '--name', 'twice', world.image, 'true')).status).toBe(0);
    const second = await world.sampan('run', '--name', 'twice', world.image, 'true');
    expect(second.status).toBe(125);
    expect(second.stderr).toContain('the name "twice" is in use');
    expect((await world.sampan('ps', '-a')).stdout.match(/twice/g)).toHaveLength(1);
    await world.sampan('rm', 'twice');
  });

  test('an unknown flag is named', async () => {
    const { status, stderr } = await run('--nonesuch', world.image);
    expect(status).toBe(125);
    expect(stderr).toContain('unknown flag: --nonesuch');
  });

  test('options behind the image belong to the program', async () => {
    expect((await run(world.image, 'echo', '--rm', '-d')).stdout).toBe('--rm -d\n');
  });

  test('a working directory that is a file is refused in so many words', async () => {
    const { status, stderr } = await run('-w', '/etc/passwd', world.image, 'true');
    expect(status).toBe(125);
    expect(stderr).toContain('/etc/passwd');
    expect(stderr).toContain('working directory');
  });
});

test('nothing is left of all that', () => {
  expect(world.leftovers()).toEqual([]);
});
