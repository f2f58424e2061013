/** Hooks of config.json: where they run, what they are told, and what becomes of a container when one fails. */
import { expect, test } from 'bun:test';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Hook, HookKind, Linux, Spec } from '#runtime/spec/spec.ts';
import { ociWorld, type OciWorld } from './world.ts';

const KINDS: readonly HookKind[] = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
];

/** Notes the kind, the state it was told, and its pid and mount namespaces. */
function noting(world: OciWorld, kind: HookKind, then = 'exit 0'): Hook {
  const file = kind === 'startContainer' ? '/log/log' : join(world.directory, 'log');
  const shell = kind === 'startContainer' ? '/bin/sh' : '/bin/sh';
  const script = `read -r state; echo "$1 $(readlink /proc/self/ns/pid) $(readlink /proc/self/ns/mnt) $(pwd) $state" >>${file}; ${then}`;
  return { path: shell, args: ['sh', '-c', script, 'hook', kind], env: ['PATH=/bin:/usr/bin'], timeout: 10 };
}

function configure(world: OciWorld, args: readonly string[], hooks: Spec['hooks']): void {
  chmodSync(world.directory, 0o755);
  writeFileSync(join(world.directory, 'log'), '');
  world.configure(args, (spec) => {
    spec.hooks = hooks ?? {};
    spec.annotations = { 'org.example': 'kept' };
    spec.mounts?.push({ destination: '/log', type: 'bind', source: world.directory, options: ['rbind', 'rw'] });
  });
}

interface Note {
  kind: string;
  pids: string;
  mounts: string;
  cwd: string;
  state: { id: string; status: string; pid?: number; bundle: string; annotations: Record<string, string> };
}

function notes(world: OciWorld): Note[] {
  return readFileSync(join(world.directory, 'log'), 'utf8')
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [kind = '', pids = '', mounts = '', cwd = '', ...state] = line.split(' ');
      return { kind, pids, mounts, cwd, state: JSON.parse(state.join(' ') || 'null') as Note['state'] };
    });
}

const every = (world: OciWorld): Spec['hooks'] =>
  Object.fromEntries(KINDS.map((kind) => [kind, [noting(world, kind)]]));

const namespace = (type: string): string =>
  spawnSync('readlink', [`/proc/self/ns/${type}`])
    .stdout.toString()
    .trim();

test.each(['run', 'create and start'])('all kinds in order, each in its namespaces: %s', async (way) => {
  using world = ociWorld();
  const program = ['sh', '-c', 'sleep 0.3; echo "program  " >>/log/log'];
  configure(world, program, every(world));
  if (way === 'run') expect(world.oci('run', 'a')).toMatchObject({ status: 0, stderr: '' });
  else {
    expect(world.oci('create', 'a')).toMatchObject({ status: 0, stderr: '' });
    expect(notes(world).map(({ kind }) => kind)).toEqual(KINDS.slice(0, 3) as string[]);
    expect(world.oci('start', 'a')).toMatchObject({ status: 0, stderr: '' });
    expect(notes(world).map(({ kind }) => kind)).toEqual(KINDS.slice(0, 5) as string[]);
    await Bun.sleep(800);
    expect(world.oci('delete', 'a')).toMatchObject({ status: 0, stderr: '' });
  }
  const all = notes(world);
  expect(all.map(({ kind }) => kind)).toEqual([...KINDS.slice(0, 5), 'program', 'poststop']);
  const told = Object.fromEntries(all.map((note) => [note.kind, note]));
  const statuses = all.filter(({ kind }) => kind !== 'program').map(({ state }) => state.status);
  expect(statuses).toEqual(['created', 'creating', 'creating', 'created', 'running', 'stopped']);
  for (const kind of ['prestart', 'createRuntime', 'poststart', 'poststop']) {
    expect(told[kind]).toMatchObject({ pids: namespace('pid'), mounts: namespace('mnt'), cwd: world.directory });
  }
  expect(told['createContainer']?.cwd).toBe(world.rootfs);
  expect(told['createContainer']?.mounts).not.toBe(namespace('mnt'));
  expect(told['startContainer']).toMatchObject({ mounts: told['createContainer']?.mounts, cwd: '/' });
  expect(told['createContainer']?.state.pid).toBe(1);
  expect(told['createRuntime']?.state.pid).toBeGreaterThan(1);
  expect(told['createRuntime']?.state.pid).toBe(told['poststart']?.state.pid);
  expect(told['poststop']?.state).not.toHaveProperty('pid');
  const common = { id: 'a', bundle: world.directory, annotations: { 'org.example': 'kept' } };
  expect(told['poststart']?.state).toMatchObject(common);
  expect(world.leftovers()).toEqual([]);
});

test.each(KINDS.slice(0, 5))('a %s that fails ends the container, and says which and why', (kind) => {
  using world = ociWorld();
  const hooks = { ...every(world), [kind]: [noting(world, kind), noting(world, kind, 'echo no luck >&2; exit 3')] };
  configure(world, ['sh', '-c', 'echo "program  " >>/log/log; sleep 60'], hooks);
  const said = `run hooks.${kind}[1] (/bin/sh): exit status 3: no luck`;
  const index = KINDS.indexOf(kind);
  const ran = [...KINDS.slice(0, index), kind, kind, 'poststop'] as string[];
  const seen = (): string[] =>
    notes(world)
      .map((note) => note.kind)
      .filter((name) => name !== 'program');

  expect(world.oci('run', 'a')).toMatchObject({ status: 1, stderr: `${said}\n` });
  expect(seen()).toEqual(ran);
  expect(world.leftovers()).toEqual([]);

  writeFileSync(join(world.directory, 'log'), '');
  const created = world.oci('create', 'a');
  if (index < 3) expect(created).toMatchObject({ status: 1, stderr: `${said}\n` });
  else expect(world.oci('start', 'a')).toMatchObject({ status: 1, stderr: `${said}\n` });
  if (kind === 'startContainer') expect(world.oci('delete', 'a').status).toBe(0);
  expect(seen()).toEqual(ran);
  expect(world.leftovers()).toEqual([]);
});

test('a poststop that fails only warns, and the next one runs', () => {
  using world = ociWorld();
  configure(world, ['sh', '-c', 'exit 5'], {
    poststop: [noting(world, 'poststop', 'exit 1'), noting(world, 'poststop')],
  });
  const { status, stderr } = world.oci('run', 'a');
  expect(status).toBe(5);
  expect(stderr).toContain('level=warning');
  expect(stderr).toContain('run hooks.poststop[0] (/bin/sh): exit status 1');
  expect(notes(world)).toHaveLength(2);
  expect(world.leftovers()).toEqual([]);
});

test.each(['run', 'create and start'])('poststart finds the program executed already: %s', (way) => {
  using world = ociWorld();
  const pid = `$(echo "$state" | sed 's/.*"pid":\\([0-9]*\\).*/\\1/')`;
  const look = `tr '\\0' ' ' </proc/${pid}/cmdline >${join(world.directory, 'seen')}`;
  configure(world, ['sleep', '1357'], { poststart: [noting(world, 'poststart', look)] });
  const verbs =
    way === 'run'
      ? [['run', '--detach', 'a']]
      : [
          ['create', 'a'],
          ['start', 'a'],
        ];
  for (const verb of verbs) expect(world.oci(...verb)).toMatchObject({ status: 0, stderr: '' });
  expect(readFileSync(join(world.directory, 'seen'), 'utf8')).toBe('sleep 1357 ');
  expect(world.oci('delete', '--force', 'a').status).toBe(0);
  expect(world.leftovers()).toEqual([]);
});

test('a program that cannot be executed has no poststart', () => {
  using world = ociWorld();
  configure(world, ['nosuch'], { poststart: [noting(world, 'poststart')], poststop: [noting(world, 'poststop')] });
  expect(world.oci('run', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining('exec "nosuch"') });
  expect(notes(world).map(({ kind }) => kind)).toEqual(['poststop']);
  expect(world.leftovers()).toEqual([]);
});

test('a hook that takes too long is killed', () => {
  using world = ociWorld();
  configure(world, ['true'], { createRuntime: [{ path: '/bin/sleep', args: ['sleep', '60'], timeout: 1 }] });
  const { status, stderr } = world.oci('run', 'a');
  expect([status, stderr]).toEqual([1, 'run hooks.createRuntime[0] (/bin/sleep): killed after its timeout of 1 s\n']);
  expect(world.leftovers()).toEqual([]);
});

test('a createContainer hook changes the root that the program sees, and nothing of it shows on the host', () => {
  using world = ociWorld();
  const script = `mount -t tmpfs none ${world.rootfs}/tmp && echo made >${world.rootfs}/tmp/made`;
  for (const propagation of ['', 'rshared']) {
    configure(world, ['cat', '/tmp/made'], {
      createContainer: [{ path: '/bin/sh', args: ['sh', '-c', script], env: ['PATH=/bin:/usr/bin'] }],
    });
    const file = join(world.directory, 'config.json');
    const spec = JSON.parse(readFileSync(file, 'utf8')) as Spec;
    (spec.linux as Linux).rootfsPropagation = propagation;
    writeFileSync(file, JSON.stringify(spec));
    expect(world.oci('run', 'a')).toEqual({ status: 0, stdout: 'made\n', stderr: '' });
    expect(existsSync(join(world.rootfs, 'tmp/made'))).toBe(false);
  }
});

test('a runtime that is killed in a hook leaves what delete can clear', async () => {
  using world = ociWorld();
  const flag = join(world.directory, 'reached');
  configure(world, ['sleep', '60'], {
    createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', `echo >${flag}; exec sleep 3`], env: ['PATH=/bin'] }],
    poststop: [noting(world, 'poststop')],
  });
  const running = world.spawn('create', 'a');
  for (let round = 0; round < 250 && !existsSync(flag); round++) await Bun.sleep(20);
  running.kill('SIGKILL');
  await running.exited;
  expect(world.oci('delete', '--force', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(notes(world).map(({ kind }) => kind)).toEqual(['poststop']);
  expect(world.leftovers()).toEqual([]);
});
