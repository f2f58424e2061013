/** Stored plans: who executes them, when they are not used any more, and that it makes no difference but in time. */
import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ociWorld, type Outcome, type OciWorld } from './world.ts';

const planOf = (world: OciWorld): string => join(world.directory, 'sampan.plan');

interface Watched extends Outcome {
  /** The launcher was started by the front itself. */
  stored: boolean;
}

/** Runs a command line and looks at what it executes; `through` stands before it. */
function watched(
  world: OciWorld,
  args: readonly string[],
  env: Record<string, string> = {},
  through: readonly string[] = [],
): Watched {
  const trace = join(world.directory, 'trace');
  const done = world.by([...through, 'strace', '-o', trace, '-e', 'trace=execve,execveat'], args, env);
  return { ...done, stored: readFileSync(trace, 'utf8').includes('"launch-then"') };
}

function compiled(args: readonly string[], ...rest: [Parameters<OciWorld['configure']>[1]?]): OciWorld {
  const world = ociWorld();
  world.configure(args, ...rest);
  expect(world.oci('compile')).toEqual({ status: 0, stdout: '', stderr: '' });
  return world;
}

test('a compiled bundle runs by its stored plan, with the same end as without', () => {
  using world = compiled(['sh', '-c', 'echo out; echo err >&2; exit 42']);
  const done = watched(world, ['run', 'a']);
  expect(done).toEqual({ status: 42, stdout: 'out\n', stderr: 'err\n', stored: true });
  expect(world.largely('run', 'b')).toEqual({ status: 42, stdout: 'out\n', stderr: 'err\n' });
  expect(world.leftovers()).toEqual([]);
});

test('the id, the state directory and the pid file are those of the command line', () => {
  using world = compiled(['sh', '-c', 'hostname; cat /proc/self/cgroup'], (spec) => delete spec.linux!.cgroupsPath);
  const file = join(world.directory, 'pid');
  const { stdout, stored } = watched(world, ['run', '--pid-file', file, 'an-id_of.mine']);
  expect(stored).toBe(true);
  expect(stdout).toStartWith('sampan\n');
  expect(readFileSync(file, 'utf8')).toMatch(/^\d+$/);
  expect(existsSync('/sys/fs/cgroup/memory/an-id_of.mine')).toBe(false);
});

test('create, start, state, exec, kill and delete tell what the large program tells', async () => {
  using world = compiled(['sleep', '60'], (spec) => (spec.annotations = { 'a.b': 'c"\\\u00e9' }));
  expect(watched(world, ['create', 'a'])).toMatchObject({ status: 0, stored: true });
  const alike = (word: string): void => {
    const said = world.oci('state', 'a');
    expect(said).toEqual(world.largely('state', 'a'));
    expect(said.stdout).toContain(`"status": "${word}"`);
  };
  alike('created');
  expect(world.oci('start', 'a')).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(world.oci('start', 'a')).toEqual(world.largely('start', 'a'));
  alike('running');
  world.oci('pause', 'a');
  alike('paused');
  expect(world.oci('exec', 'a', 'true')).toMatchObject({ status: 255, stderr: expect.stringContaining('paused') });
  world.oci('resume', 'a');
  expect(world.oci('kill', 'a', 'KILL')).toEqual({ status: 0, stdout: '', stderr: '' });
  while (world.oci('state', 'a').stdout.includes('running')) await Bun.sleep(10);
  alike('stopped');
  expect(world.oci('kill', 'a')).toEqual(world.largely('kill', 'a'));
  expect(world.oci('delete', 'a')).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(world.oci('delete', 'a')).toEqual(world.largely('delete', 'a'));
  expect(world.leftovers()).toEqual([]);
});

test('the second exec goes by the plan that the first has stored: bare names, paths, failures', () => {
  using world = ociWorld();
  world.configure(['sleep', '60']);
  world.oci('run', '-d', 'a');
  const say = (...words: string[]): Watched => watched(world, ['exec', 'a', ...words]);
  expect(say('echo', 'one')).toMatchObject({ stdout: 'one\n', stored: false });
  expect(say('echo', 'two  words', '')).toMatchObject({ stdout: 'two  words \n', stored: true });
  expect(say('/bin/sh', '-c', 'echo $0 $#; exit 9', 'zero', 'x')).toMatchObject({
    status: 9,
    stdout: 'zero 1\n',
    stored: true,
  });
  const missing = say('nosuch');
  expect(missing).toMatchObject({ status: 255, stored: true });
  expect(missing.stderr).toBe(world.largely('exec', 'a', 'nosuch').stderr);
  expect(watched(world, ['exec', '-e', 'X=1', 'a', 'sh', '-c', 'echo $X'])).toMatchObject({
    stdout: '1\n',
    stored: false,
  });
  expect(world.oci('delete', '-f', 'a').status).toBe(0);
  expect(world.leftovers()).toEqual([]);
});

test('an output that takes nothing ends state by the front as it ends that of the large program', () => {
  using world = compiled(['true']);
  expect(world.oci('create', 'a').status).toBe(0);
  for (const output of ['>/dev/full', '| true; echo ${PIPESTATUS[0]} >&2']) {
    const by = (name: string): Outcome =>
      world.by(['bash', '-c', `(exec -a ${name} "$@") ${output}`, 'bash'], ['state', 'a']);
    expect(by('sampan')).toEqual(by('sampan-large'));
  }
});

test('a container with a directory of its own among its files is deleted whole, without force', async () => {
  using world = compiled(['true']);
  const told = ['env', `NOTIFY_SOCKET=${join(world.directory, 'nobody-listens')}`];
  expect(world.by(told, ['create', 'a']).status).toBe(0);
  expect(existsSync(join(world.directory, 'state/a/notify'))).toBe(true);
  expect(world.oci('kill', 'a', 'KILL').status).toBe(0);
  while (!world.oci('state', 'a').stdout.includes('stopped')) await Bun.sleep(5);
  expect(world.oci('delete', 'a')).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(world.leftovers()).toEqual([]);
});

test('a plan is not used, and made anew, when the configuration has changed', () => {
  using world = compiled(['echo', 'old']);
  world.configure(['echo', 'new']);
  expect(watched(world, ['run', 'a'])).toMatchObject({ stdout: 'new\n', stored: false });
  expect(watched(world, ['run', 'a'])).toMatchObject({ stdout: 'new\n', stored: true });
});

test('nor when the host has: a limit, a capability, what is mounted, another executable', () => {
  using world = ociWorld();
  const source = join(world.directory, 'source');
  mkdirSync(source);
  world.configure(['true'], (spec) => {
    spec.mounts!.push({ destination: '/mnt', type: 'bind', source, options: ['rbind'] });
  });
  world.oci('compile');
  const isStored = (...through: string[]): boolean => {
    const { status, stored } = watched(world, ['run', 'a'], {}, through);
    expect(status).toBe(0);
    return stored;
  };
  expect(isStored()).toBe(true);
  expect(isStored('prlimit', '--nofile=4000')).toBe(false);
  expect(isStored('prlimit', '--nofile=4000')).toBe(true);
  expect(isStored()).toBe(false);
  expect(isStored('setpriv', '--bounding-set=-sys_time')).toBe(false);
  expect(isStored()).toBe(false);
  expect(isStored()).toBe(true);
  renameSync(source, `${source}.old`);
  rmdirSync(join(world.rootfs, 'mnt'));
  writeFileSync(source, '');
  expect(isStored()).toBe(false);
  const plan = readFileSync(planOf(world));
  plan.write('f'.repeat(64), 8, 'latin1');
  writeFileSync(planOf(world), plan);
  expect(isStored()).toBe(false);
  expect(isStored()).toBe(true);
});

test('nor when others could have written it, or it is a link', () => {
  using world = compiled(['true']);
  chmodSync(planOf(world), 0o622);
  expect(watched(world, ['run', 'a'])).toMatchObject({ status: 0, stored: false });
  expect(watched(world, ['run', 'a'])).toMatchObject({ status: 0, stored: true });
  renameSync(planOf(world), `${planOf(world)}.elsewhere`);
  symlinkSync(`${planOf(world)}.elsewhere`, planOf(world));
  expect(watched(world, ['run', 'a'])).toMatchObject({ status: 0, stored: false });
});

test('a bundle that was copied is another one', () => {
  using world = compiled(['cat', '/where']);
  writeFileSync(join(world.rootfs, 'where'), 'first\n');
  using other = ociWorld();
  spawnSync('cp', ['-a', planOf(world), join(world.directory, 'config.json'), other.directory]);
  writeFileSync(join(other.rootfs, 'where'), 'second\n');
  expect(watched(other, ['run', 'a'])).toMatchObject({ stdout: 'second\n', stored: false });
  expect(watched(other, ['run', 'a'])).toMatchObject({ stdout: 'second\n', stored: true });
});

test('what has to be thought about each time is not compiled', () => {
  using world = ociWorld();
  world.configure(['true'], (_, process) => (process.capabilities = { permitted: ['CAP_NOSUCH'] }));
  expect(world.oci('compile')).toMatchObject({ status: 1, stderr: expect.stringContaining('each run of it warns') });
  world.configure(['sampan.stand-in.id_']);
  expect(world.oci('compile')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('stands for something else'),
  });
  expect(existsSync(planOf(world))).toBe(false);
  expect(world.largely('compile')).toMatchObject({ status: 1, stderr: expect.stringContaining('front') });
});

test('hooks run as without: those before, and those of the end by the TypeScript', () => {
  const log = `/tmp/sampan-stored-hooks-${process.pid}`;
  using world = compiled(['true'], (spec) => {
    const hook = (word: string) => ({ path: '/bin/sh', args: ['sh', '-c', `echo ${word} >> ${log}`] });
    spec.hooks = { createRuntime: [hook('made')], poststart: [hook('started')], poststop: [hook('stopped')] };
  });
  expect(watched(world, ['run', 'a'])).toMatchObject({ status: 0, stored: false });
  expect(watched(world, ['create', 'b'])).toMatchObject({ status: 0, stored: true });
  expect(world.oci('start', 'b').status).toBe(0);
  expect(world.oci('delete', '-f', 'b').status).toBe(0);
  expect(readFileSync(log, 'utf8')).toBe('made\nstarted\nstopped\n'.repeat(2));
  spawnSync('rm', [log]);
  expect(world.leftovers()).toEqual([]);
});

test('a failure is told as without, and leaves nothing: of the program, of a mount, of the id', () => {
  using world = compiled(['nosuch']);
  const failed = watched(world, ['run', 'a']);
  expect(failed).toMatchObject({ status: 1, stdout: '', stored: true });
  expect(failed.stderr).toBe(world.largely('run', 'a').stderr);
  world.configure(['true'], (spec) => spec.mounts!.push({ destination: '/x', type: 'nosuchfs', source: 'x' }));
  world.oci('compile');
  const log = join(world.directory, 'log');
  expect(watched(world, ['create', 'a'])).toMatchObject({
    status: 1,
    stored: true,
    stderr: world.largely('create', 'a').stderr,
  });
  expect(world.oci('--log', log, '--log-format', 'json', 'run', 'a').status).toBe(1);
  expect(JSON.parse(readFileSync(log, 'utf8'))).toMatchObject({
    level: 'error',
    msg: expect.stringContaining('mounts['),
  });
  expect(world.leftovers()).toEqual([]);
});

test('start tells why the program could not be executed, once; create, that there is none', () => {
  using world = compiled(['/bin/script']);
  expect(world.oci('create', 'a')).toMatchObject({
    status: 1,
    stderr: 'exec "/bin/script": no such file or directory in the container\'s root\n',
  });
  writeFileSync(join(world.rootfs, 'bin/script'), '#!/nosuch\n', { mode: 0o755 });
  expect(world.oci('create', 'a').status).toBe(0);
  const why =
    "/bin/script is a script for /nosuch, which the container's root does not have: no such file or directory\n";
  expect(world.oci('start', 'a')).toMatchObject({ status: 1, stderr: why });
  expect(world.oci('delete', 'a').status).toBe(0);
  expect(world.leftovers()).toEqual([]);
});

test('rule 7: nothing of the caller is in the memory of a container that waits', () => {
  using world = compiled(['true']);
  const secret = `secret-${Math.random()}`;
  const file = join(world.directory, 'pid');
  expect(watched(world, ['create', '--pid-file', file, 'a'], { SECRET: secret })).toMatchObject({
    status: 0,
    stored: true,
  });
  const pid = readFileSync(file, 'utf8');
  const memory = spawnSync('sh', [
    '-c',
    `cat /proc/${pid}/environ; gdb -p ${pid} -batch -ex 'generate-core-file ${file}.core'`,
  ]);
  expect(memory.status).toBe(0);
  expect(readFileSync(`${file}.core`).includes('launch-then')).toBe(true);
  expect(readFileSync(`${file}.core`).includes(secret)).toBe(false);
});

test('rule 6: such a container holds nothing of the host but its fifos', () => {
  using world = compiled(['true']);
  const file = join(world.directory, 'pid');
  world.oci('create', '--pid-file', file, 'a');
  const held = spawnSync('ls', ['-l', `/proc/${readFileSync(file, 'utf8')}/fd`], { encoding: 'utf8' }).stdout;
  const names = [...held.matchAll(/ -> (.*)$/gm)].map(([, name]) => name!);
  expect(names.filter((name) => !/^(\/dev\/null|pipe:.*|.*\/(out|err|go|report))$/.test(name))).toEqual([]);
});

test('a console socket for a container without a terminal is refused as it is without a stored plan', () => {
  using world = compiled(['sleep', '60']);
  for (const verb of ['create', 'run']) {
    const refused = world.oci(verb, '--console-socket', '/nowhere', 'a');
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('process.terminal') });
    expect(refused).toEqual(world.largely(verb, '--console-socket', '/nowhere', 'a'));
  }
  expect(world.leftovers()).toEqual([]);
});

test('an empty name of a file or socket is none, by a stored plan or without', () => {
  using world = compiled(['sh', '-c', 'echo fine']);
  const empty = ['--pid-file', '', '--console-socket', '', 'a'];
  const fine = { status: 0, stdout: 'fine\n', stderr: '' };
  expect(world.oci('run', ...empty)).toEqual(fine);
  expect(world.oci('run', '--pid-file=', 'a')).toEqual(fine);
  expect(world.oci('run', '--keep=false', '--config', '', '--pidfd-socket', '', ...empty)).toEqual(fine);
});

test('whoever ignores SIGCHLD, as daemons do, gets the status of the program all the same', () => {
  using world = compiled(['sh', '-c', 'exit 7']);
  const ignoring = ['env', '--ignore-signal=CHLD'];
  expect(watched(world, ['run', 'a'], {}, ignoring)).toMatchObject({ status: 7, stderr: '', stored: true });
  expect(world.by(ignoring, ['run', '--keep=false', 'a'])).toMatchObject({ status: 7, stderr: '' });
  expect(world.leftovers()).toEqual([]);
});
