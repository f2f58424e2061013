import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import { ociWorld, type OciWorld } from '#test/oci/world.ts';
import { SAMPAN } from '#tools/places.ts';

let cli: CliWorld;
let oci: OciWorld;
let root: string;
let id: string;
beforeAll(async () => {
  cli = await cliWorld();
  oci = ociWorld();
  // A root that sampan makes itself, in a place where anybody may look.
  chmodSync(cli.root, 0o755);
  root = join(cli.root, 'own');
  const run = await cli.call(['run', '-d', '--name', 'running', '-v', 'kept:/tmp', cli.image, 'sleep', '1000'], {
    env: { SAMPAN_ROOT: root },
  });
  expect(run).toMatchObject({ status: 0 });
  id = run.stdout.trim();
  oci.configure(['sleep', '1000']);
  chmodSync(oci.directory, 0o755);
  expect(oci.oci('create', 'held')).toMatchObject({ status: 0 });
}, 60_000);
afterAll(async () => {
  await cli.call(['rm', '-f', 'running'], { env: { SAMPAN_ROOT: root } });
  await cli[Symbol.asyncDispose]();
  oci[Symbol.dispose]();
});

const mode = (path: string): string => (lstatSync(path).mode & 0o777).toString(8);

/** What a user of the host without rights reaches, by the shell. */
const asNobody = (script: string): string =>
  execFileSync(
    'setpriv',
    ['--reuid=65534', '--regid=65534', '--clear-groups', 'sh', '-c', `(${script}) 2>/dev/null; true`],
    {
      encoding: 'utf8',
    },
  );

test('the directory of a container is its owner’s alone, and so is all that is in it', () => {
  const directory = join(root, 'containers', id);
  expect(mode(directory)).toBe('700');
  expect(mode(join(directory, 'attach.sock'))).toBe('600');
  expect(readdirSync(directory)).toContain('lock');
  expect(mode(join(oci.directory, 'state'))).toBe('700');
  expect(mode(join(oci.directory, 'state/held'))).toBe('700');
  for (const name of ['go', 'report', 'config.json', 'state.json']) {
    expect(mode(join(oci.directory, 'state/held', name))).toBe('600');
  }
});

test('another user of the host reads nothing: no socket, log, database, image or setuid program in a layer (CVE-2021-41091)', () => {
  expect(existsSync(join(root, 'containers', id, 'attach.sock'))).toBe(true);
  expect(mode(join(root, 'volumes/kept/_data'))).toBe('777');
  const all = `find ${root} -mindepth 1 \\( -readable -o -writable -o -executable \\) -print`;
  const found = asNobody(all).split('\n').filter(Boolean);
  // Names of what lies right in the root may be seen, nothing of theirs.
  expect(found.filter((path) => path.slice(root.length + 1).includes('/'))).toEqual([]);
  expect(asNobody(`find ${join(oci.directory, 'state')} -mindepth 1`)).toBe('');
  expect(asNobody(`cat ${root}/containers/${id}/config.json ${root}/*.db ${root}/*.sqlite`)).toBe('');
});

test('the launcher is not taken from a directory that others can write to', async () => {
  const run = join(cli.root, 'loose');
  mkdirSync(run);
  chmodSync(run, 0o777);
  const { status, stderr } = await cli.call(['--run-root', run, 'ps'], { env: { SAMPAN_ROOT: root } });
  expect(status).not.toBe(0);
  expect(stderr).toContain('others can write');
});

test('a run directory that somebody else made first is not believed: no container of theirs is ours to signal or delete', () => {
  const user = 60_000 + (process.pid % 4000);
  const planted = `/tmp/sampan-${user}`;
  const program = join(oci.directory, 'sampan');
  copyFileSync(SAMPAN, program);
  mkdirSync(join(planted, 'sampan/oci/trap'), { recursive: true, mode: 0o755 });
  writeFileSync(join(planted, 'sampan/oci/trap/state.json'), '{}');
  execFileSync('chown', ['-R', String(user + 1), planted]);
  try {
    const ids = [`--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
    for (const words of [['list'], ['state', 'trap'], ['kill', 'trap', 'CONT'], ['delete', '--force', 'trap']]) {
      const refused = spawnSync('setpriv', [...ids, program, 'oci', ...words], { env: {}, encoding: 'utf8' });
      expect(refused).toMatchObject({
        status: 1,
        stdout: '',
        stderr: expect.stringContaining('others can write to it'),
      });
    }
  } finally {
    rmSync(planted, { recursive: true });
  }
});
