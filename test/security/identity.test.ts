import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import { SAMPAN } from '#tools/places.ts';
import { attackWorld, type AttackWorld } from './attack.ts';
import { pushLayers, treeLayer } from './images.ts';

let oci: AttackWorld;
let cli: CliWorld;
beforeAll(async () => {
  oci = attackWorld();
  cli = await cliWorld();
  expect(await cli.sampan('pull', '-q', cli.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(async () => {
  oci[Symbol.dispose]();
  await cli[Symbol.asyncDispose]();
});

const STATUS = 'grep -E "^(Uid|Gid|Groups|Cap|Seccomp:|NoNewPrivs)" /proc/self/status';

/** Fields of a status file by name. */
const fields = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split('\n').map((line) => line.split(':\t', 2).map((part) => part.trim()) as [string, string]),
  );

describe('capabilities', () => {
  test('none are inheritable or ambient, in a run or an exec (CVE-2022-29162)', async () => {
    await cli.sampan('run', '-d', '--name', 'caps', cli.image, 'sleep', '100');
    const run = fields((await cli.sampan('run', '--rm', cli.image, 'sh', '-c', STATUS)).stdout);
    const exec = fields((await cli.sampan('exec', 'caps', 'sh', '-c', STATUS)).stdout);
    const zero = '0'.repeat(16);
    expect(run).toMatchObject({ CapInh: zero, CapAmb: zero });
    expect(exec).toEqual(run);
    const user = fields((await cli.sampan('exec', '-u', 'app', 'caps', 'sh', '-c', STATUS)).stdout);
    expect(user).toMatchObject({ CapInh: zero, CapAmb: zero, CapEff: zero, CapPrm: zero, Seccomp: '2' });
    await cli.sampan('rm', '-f', 'caps');
  });

  test('an exec holds no more than its container, and is under its filter', async () => {
    await cli.sampan('run', '-d', '--name', 'bare', '--cap-drop', 'ALL', cli.image, 'sleep', '100');
    const { CapBnd, CapEff, CapPrm, Seccomp } = fields((await cli.sampan('exec', 'bare', 'sh', '-c', STATUS)).stdout);
    expect([CapBnd, CapEff, CapPrm]).toEqual(Array(3).fill('0'.repeat(16)));
    expect(Seccomp).toBe('2');
    await cli.sampan('rm', '-f', 'bare');
    oci.configure(['sleep', '100']);
    oci.oci('run', '--detach', 'three');
    const exec = fields(oci.oci('exec', 'three', 'sh', '-c', STATUS).stdout);
    expect(exec).toMatchObject({ CapBnd: '0000000020000420', CapEff: '0000000020000420', NoNewPrivs: '1' });
    oci.oci('delete', '--force', 'three');
  });

  test('an init of the engine holds no more than the program, which may be allowed to trace it', async () => {
    const { stdout } = await cli.sampan(
      'run',
      '--rm',
      '--init',
      '--cap-add',
      'SYS_PTRACE',
      cli.image,
      'sh',
      '-c',
      `cat /proc/1/status; echo; ${STATUS}`,
    );
    const [first = '', own = ''] = stdout.split('\n\n');
    expect(fields(first)['Pid']).toBe('1');
    expect(fields(first)).toMatchObject(fields(own.trim()));
    const asUser = await cli.sampan(
      'run',
      '--rm',
      '--init',
      '-u',
      '1000',
      cli.image,
      'sh',
      '-c',
      `cat /proc/1/status; cat /proc/1/environ`,
    );
    expect(fields(asUser.stdout)).toMatchObject({ CapEff: '0'.repeat(16), CapPrm: '0'.repeat(16), Seccomp: '2' });
  });

  test('an unknown name is refused by the engine; in a bundle it gives nothing and is told', async () => {
    for (const name of ['NOPE', 'CAP_', '', 'SYS_ADMIN ', 'sys_admin,net_admin']) {
      expect((await cli.sampan('run', '--rm', '--cap-add', name, cli.image, 'true')).status).not.toBe(0);
    }
    const { status, stdout, stderr } = oci.run(STATUS, (_, process) => {
      const names = ['CAP_KILL', 'CAP_NOPE', '__proto__', 'constructor'];
      process.capabilities = { bounding: names, effective: names, permitted: names, inheritable: [], ambient: names };
    });
    expect(status).toBe(0);
    expect(stderr).toContain('CAP_NOPE');
    expect(fields(stdout)).toMatchObject({ CapEff: '0000000000000020', CapAmb: '0'.repeat(16) });
  });
});

describe('users', () => {
  const NO_USERS = [
    '1000x',
    '0x0',
    '-1',
    ' 0',
    '+0',
    '1e3',
    '1000:',
    '1000:x',
    ':0',
    '4294967295',
    '4294967296',
    '0\t',
    '１',
  ];

  test('what only starts like a number is nobody (CVE-2026-30892)', async () => {
    await cli.sampan('run', '-d', '--name', 'users', cli.image, 'sleep', '100');
    oci.configure(['sleep', '100']);
    oci.oci('run', '--detach', 'users');
    for (const user of NO_USERS) {
      const engine = await cli.sampan('exec', '-u', user, 'users', 'id');
      const bundle = oci.oci('exec', '--user', user, 'users', 'id');
      const run = await cli.sampan('run', '--rm', '-u', user, cli.image, 'id');
      expect({ user, printed: engine.stdout + bundle.stdout + run.stdout }).toEqual({ user, printed: '' });
      expect([engine.status, bundle.status, run.status]).not.toContain(0);
    }
    await cli.sampan('rm', '-f', 'users');
    oci.oci('delete', '--force', 'users');
  }, 60_000);

  test("an image's user file cannot make root of somebody: empty, negative and odd ids are nobody", async () => {
    const ids = ['', '-1', '0x0', ' 0', '1e0', '4294967295', '4294967296', '00000000000'];
    const image = await pushLayers(cli, [
      treeLayer((root) => {
        writeFileSync(
          join(root, 'etc/passwd'),
          ids.map((id, index) => `evil${index}:x:${id}:${id}:x:/:/bin/sh\n`).join(''),
        );
        writeFileSync(join(root, 'etc/group'), ids.map((id, index) => `odd${index}:x:${id}:\n`).join(''));
      }),
    ]);
    for (const index of ids.keys()) {
      const { status, stdout } = await cli.sampan('run', '--rm', '-u', `evil${index}`, image, 'id');
      expect({ id: ids[index], stdout }).toEqual({ id: ids[index], stdout: '' });
      expect(status).not.toBe(0);
      expect((await cli.sampan('run', '--rm', '-u', `5:odd${index}`, image, 'id')).stdout).toBe('');
    }
  }, 60_000);

  test('groups of the caller do not come along', () => {
    oci.configure(['id', '-G']);
    const args = ['--groups', '27,44', SAMPAN, 'oci', '--root', join(oci.directory, 'state'), 'run', 'groups'];
    expect(execFileSync('setpriv', args, { cwd: oci.directory, encoding: 'utf8' })).toBe('0\n');
    oci.configure(['id', '-G'], (_, process) => (process.user = { uid: 7, gid: 8, additionalGids: [9] }));
    expect(execFileSync('setpriv', args, { cwd: oci.directory, encoding: 'utf8' })).toBe('8 9\n');
  });
});

test('variables of the caller reach neither the container nor any process of ours beside it', async () => {
  const secret = 'a-secret-of-the-caller';
  const env = { SECRET_TOKEN: secret, LD_PRELOAD: '/tmp/none.so', BASH_ENV: '/tmp/none' };
  const { stdout } = await cli.call(['run', '--rm', cli.image, 'sh', '-c', 'env; cat /proc/*/environ'], { env });
  expect(stdout).toContain('HOSTNAME=');
  expect(stdout).not.toContain(secret);
  expect(stdout).not.toContain('none');
  await cli.call(['run', '-d', '--init', '--name', 'quiet', cli.image, 'sleep', '100'], { env });
  // The monitor, the init and the program are all there now.
  const seen = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => [`/proc/${pid}/environ`, `/proc/${pid}/cmdline`])
    .filter((path) => textOf(path).includes(secret));
  expect(seen).toEqual([]);
  await cli.sampan('rm', '-f', 'quiet');
});

/** The process may have gone meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
