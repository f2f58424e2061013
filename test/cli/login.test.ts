import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { startRegistry, type TestRegistry } from '#tools/registry.ts';
import { busyboxImage } from '#tools/image/busybox.ts';
import { pushImage } from '#tools/image/push.ts';
import { cliWorld, type CallOptions, type CliWorld, type Outcome } from './world.ts';

const PASSWORD = 'se cret"ü';
let world: CliWorld;
let locked: TestRegistry;
let home: string;
beforeAll(async () => {
  world = await cliWorld();
  const htpasswd = join(world.root, 'htpasswd');
  writeFileSync(htpasswd, `tester:${await Bun.password.hash(PASSWORD, { algorithm: 'bcrypt', cost: 4 })}\n`);
  const storage = join(world.root, 'locked');
  await using open = await startRegistry({ root: storage });
  await pushImage(open.url, 'busybox', '1', busyboxImage());
  locked = await startRegistry({ htpasswd, root: storage });
}, 60_000);
afterAll(async () => {
  await locked.stop();
  await world[Symbol.asyncDispose]();
});
beforeEach(() => {
  home = join(world.root, `home-${Math.random()}`);
  mkdirSync(home);
});

const call = (args: readonly string[], { env, ...options }: CallOptions = {}): Promise<Outcome> =>
  world.call(args, { ...options, env: { HOME: home, ...env } });
const logIn = (input: string, options: CallOptions = {}): Promise<Outcome> =>
  call(['login', '-u', 'tester', '--password-stdin', locked.host], { ...options, input });
const config = (): string => join(home, '.docker/config.json');
const read = (path: string): { auths: Record<string, { auth: string }> } => JSON.parse(readFileSync(path, 'utf8'));

test('login keeps what the registry accepts, pull uses it, logout forgets it', async () => {
  const done = await logIn(`${PASSWORD}\n`);
  expect(done).toMatchObject({ status: 0, stdout: 'Login Succeeded\n' });
  expect(done.stderr).toContain(config());
  expect(statSync(config()).mode & 0o777).toBe(0o600);
  expect(statSync(join(home, '.docker')).mode & 0o777).toBe(0o700);
  expect(Buffer.from(read(config()).auths[locked.host]?.auth ?? '', 'base64').toString()).toBe(`tester:${PASSWORD}`);
  expect(await call(['pull', '-q', `${locked.host}/busybox:1`])).toMatchObject({ status: 0 });
  expect(await call(['login', locked.host])).toMatchObject({
    status: 0,
    stdout: 'Authenticating with existing credentials...\nLogin Succeeded\n',
  });
  expect((await call(['logout', locked.host])).stdout).toBe(`Removing login credentials for ${locked.host}\n`);
  expect((await call(['logout', locked.host])).stdout).toBe(`Not logged in to ${locked.host}\n`);
  expect(read(config()).auths).toEqual({});
  expect(await call(['pull', `${locked.host}/busybox:1`])).toMatchObject({ status: 6 });
  expect(readdirSync(join(home, '.docker'))).toEqual(['config.json']);
});

test('what is not accepted is not kept, and not repeated', async () => {
  const refused = await logIn('mistaken');
  expect(refused.status).toBe(6);
  expect(refused.stderr).toContain('not accepted');
  expect(refused.stdout + refused.stderr).not.toContain('mistaken');
  expect(existsSync(config())).toBe(false);
  expect(await call(['login', '-u', 'tester', '--password-stdin', '127.0.0.1:1'], { input: 'x' })).toMatchObject({
    status: 7,
  });
  expect(readdirSync(home)).toEqual([]);
});

test('the command line is docker’s', async () => {
  const cases: [string[], number, string][] = [
    [['login', '-u', 'a', '-p', 'b', '--password-stdin', locked.host], 125, 'mutually exclusive'],
    [['login', '--password-stdin', locked.host], 125, '--username'],
    [['login', locked.host], 2, '--password-stdin'],
    [['login', '-u', 'a:b', '-p', 'x', locked.host], 2, 'user name'],
    [['login', '-u', 'tester', '-p', '', locked.host], 2, 'empty'],
    [['login', '-u', 'a', '-p', 'b', 'no registry'], 2, 'no registry'],
  ];
  for (const [args, status, text] of cases) {
    const outcome = await call(args, { input: '' });
    expect({ args, status: outcome.status }).toEqual({ args, status });
    expect(outcome.stderr).toContain(text);
  }
  const typed = await call(['login', '--username=tester', '-p', PASSWORD, `http://${locked.host}/v2/`]);
  expect(typed).toMatchObject({ status: 0 });
  expect(typed.stderr).toContain('can be read by every user');
});

test('the first file there is gets it, everything else in it stays, and a link stays a link', async () => {
  const containers = join(home, '.config/containers/auth.json');
  mkdirSync(join(containers, '..'), { recursive: true });
  const real = join(home, 'dotfiles.json');
  writeFileSync(real, JSON.stringify({ auths: { 'quay.io/team': { auth: 'YTpi' } }, other: [1] }), { mode: 0o644 });
  symlinkSync(real, containers);
  expect(await logIn(PASSWORD)).toMatchObject({ status: 0 });
  expect(read(containers)).toMatchObject({ auths: { 'quay.io/team': { auth: 'YTpi' } }, other: [1] });
  expect(Object.keys(read(real).auths)).toEqual(['quay.io/team', locked.host]);
  expect(statSync(real).mode & 0o777).toBe(0o600);
  expect(existsSync(config())).toBe(false);
  const asked = join(home, 'asked.json');
  expect(await logIn(PASSWORD, { env: { REGISTRY_AUTH_FILE: asked } })).toMatchObject({ status: 0 });
  expect(Object.keys(read(asked).auths)).toEqual([locked.host]);
});

test('a file that is no JSON is named and left as it is', async () => {
  mkdirSync(join(home, '.docker'));
  writeFileSync(config(), '{"auths": hunter2');
  const outcome = await logIn(PASSWORD);
  expect(outcome.status).toBe(2);
  expect(outcome.stderr).toContain(config());
  expect(outcome.stderr).not.toContain('hunter2');
  expect(readFileSync(config(), 'utf8')).toBe('{"auths": hunter2');
});

/** A helper that keeps its secrets in a file, and writes down how it was called. */
function helper(): { PATH: string } {
  const bin = join(home, 'bin');
  mkdirSync(bin);
  const script = `#!/bin/sh
echo "$0 $* $(tr '\\0' ' ' < /proc/$$/cmdline)" >> ${home}/calls
case $1 in
store) cat > ${home}/kept ;;
get) read server; if [ -s ${home}/kept ]; then cat ${home}/kept; else echo credentials not found in native keychain; exit 1; fi ;;
erase) rm ${home}/kept ;;
esac
`;
  writeFileSync(join(bin, 'docker-credential-test'), script);
  chmodSync(join(bin, 'docker-credential-test'), 0o755);
  return { PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin` };
}

test('credential helpers keep, give and forget; they are never told by arguments', async () => {
  const env = helper();
  for (const form of [{ credsStore: 'test' }, { credHelpers: { [locked.host]: 'test' } }]) {
    mkdirSync(join(home, '.docker'), { recursive: true });
    writeFileSync(config(), JSON.stringify(form));
    expect(await logIn(PASSWORD, { env })).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(readFileSync(join(home, 'kept'), 'utf8'))).toEqual({
      ServerURL: locked.host,
      Username: 'tester',
      Secret: PASSWORD,
    });
    expect(read(config()) as object).toEqual(form);
    expect(await call(['pull', '-q', `${locked.host}/busybox:1`], { env })).toMatchObject({ status: 0 });
    expect((await call(['logout', locked.host], { env })).stdout).toStartWith('Removing');
    expect(existsSync(join(home, 'kept'))).toBe(false);
    expect(await call(['pull', `${locked.host}/busybox:1`], { env })).toMatchObject({ status: 6 });
  }
  expect(readFileSync(join(home, 'calls'), 'utf8')).not.toContain('cret');
});

test('a helper that is not there, or would lead elsewhere, is named', async () => {
  mkdirSync(join(home, '.docker'));
  writeFileSync(config(), JSON.stringify({ credsStore: 'nonesuch' }));
  const missing = await call(['pull', `${locked.host}/busybox:1`]);
  expect(missing.status).toBe(7);
  expect(missing.stderr).toContain('docker-credential-nonesuch');
  // A registry that does not ask is not in need of it.
  expect(await call(['pull', world.image])).toMatchObject({ status: 0 });
  writeFileSync(config(), JSON.stringify({ credsStore: '../../tmp/x' }));
  expect((await call(['pull', `${locked.host}/busybox:1`])).stderr).toContain('credsStore');
});

test('many logins at once, some of them killed, leave a whole file and nothing beside it', async () => {
  await logIn(PASSWORD);
  for (let round = 0; round < 12; round++) {
    await Promise.all([0, 1].map(() => logIn(PASSWORD, { timeout: 20 + round * 5 })));
    expect(Object.keys(read(config()).auths)).toEqual([locked.host]);
  }
  expect(await logIn(PASSWORD)).toMatchObject({ status: 0 });
  expect(readdirSync(join(home, '.docker'))).toEqual(['config.json']);
}, 60_000);
