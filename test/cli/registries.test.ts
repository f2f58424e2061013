import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage } from '#tools/image/busybox.ts';
import { pushImage } from '#tools/image/push.ts';
import { startRegistry, type TestRegistry } from '#tools/registry.ts';
import { cliWorld, type CliWorld, type Outcome } from './world.ts';

let world: CliWorld;
let mirror: TestRegistry;
beforeAll(async () => {
  world = await cliWorld();
  mirror = await startRegistry();
  await pushImage(mirror.url, 'hub/library/only-there', '1', busyboxImage());
}, 60_000);
afterAll(async () => {
  await mirror.stop();
  await world[Symbol.asyncDispose]();
});
beforeEach(async () => {
  for (const id of (await world.sampan('images', '-q')).stdout.split('\n').filter(Boolean)) {
    await world.sampan('rmi', '-f', id);
  }
});

/** Runs one command with these settings. */
function call(settings: string, ...args: string[]): Promise<Outcome> {
  const path = join(world.root, 'registries.conf');
  writeFileSync(path, settings);
  return world.call(args, { env: { CONTAINERS_REGISTRIES_CONF: path } });
}

test('a mirror stands in for a registry, and the image keeps its name', async () => {
  const settings = `[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "${mirror.host}/hub"\n`;
  const pulled = await call(settings, 'pull', 'only-there:1');
  expect(pulled).toMatchObject({ status: 0, stderr: '' });
  expect((await call(settings, 'images')).stdout).toMatch(/^only-there +1 /m);
});

test('the registry itself is asked when its mirrors fail, and it is said why', async () => {
  const mirrors = ['127.0.0.1:1', `${mirror.host}/nothing-here`].map(
    (place) => `[[registry.mirror]]\nlocation="${place}"\n`,
  );
  const settings = `[[registry]]\nlocation = "${world.registry.host}"\n${mirrors.join('')}`;
  const pulled = await call(settings, 'pull', world.image);
  expect(pulled.status).toBe(0);
  expect(pulled.stdout).toContain('Fetching from 127.0.0.1:1 has failed');
  expect(pulled.stdout).toContain(`Fetching from ${mirror.host} has failed`);
  const host = `127.0.0.1:1`;
  const all = await call(settings.replace(world.registry.host, host), 'pull', `${host}/busybox:1`);
  expect(all.status).toBe(7);
});

test('a location takes the place of a prefix, for push as well', async () => {
  const settings = `[[registry]]\nprefix = "inner.test/team"\nlocation = "${world.registry.host}"\n`;
  expect(await call(settings, 'pull', 'inner.test/team/busybox:1')).toMatchObject({ status: 0 });
  expect(await call(settings, 'push', 'inner.test/team/busybox:1', 'inner.test/team/moved:2')).toMatchObject({
    status: 0,
  });
  const reply = await fetch(`${world.registry.url}/v2/moved/tags/list`);
  expect(await reply.json()).toEqual({ name: 'moved', tags: ['2'] });
});

test('what is blocked is denied before anything is asked, and mistakes in the file are named', async () => {
  const blocked = await call(
    `[[registry]]\nlocation = "${world.registry.host}"\nblocked = true\n`,
    'pull',
    world.image,
  );
  expect(blocked.status).toBe(6);
  expect(blocked.stderr).toContain('blocks');
  const cases: [string, RegExp][] = [
    ['[[registry]]\nlocation = 3\n', /registries\.conf.*registry\[0\]\.location/],
    ['[[registry]\n', /registries\.conf: line 1/],
  ];
  for (const [settings, message] of cases) {
    const outcome = await call(settings, 'pull', world.image);
    expect(outcome.status).toBe(2);
    expect(outcome.stderr).toMatch(message);
  }
  const missing = await world.call(['pull', world.image], { env: { CONTAINERS_REGISTRIES_CONF: '/nonesuch' } });
  expect(missing.stderr).toContain('/nonesuch');
  expect(missing.status).toBe(6);
});

test('files that are dropped in are read after the one, the last rule for a prefix counts', async () => {
  const directory = join(world.root, '.config/containers/registries.conf.d');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, '50-open.conf'), `[[registry]]\nlocation = "${world.registry.host}"\n`);
  writeFileSync(join(directory, 'ignored.txt'), 'no toml');
  const settings = `[[registry]]\nlocation = "${world.registry.host}"\nblocked = true\n`;
  expect(await call(settings, 'pull', world.image)).toMatchObject({ status: 0 });
});

/** Puts an image in a registry as `name:1` and gives its place. */
async function served(name: string): Promise<string> {
  await pushImage(mirror.url, name, '1', busyboxImage({ Env: [`FROM=${name}`] }));
  return `${mirror.host}/${name}`;
}

test('a short name is an alias where there is one, and what is pulled goes by both names', async () => {
  const full = await served('far/app');
  const settings = `[aliases]\n"app" = "${full}"\n"team/other" = "${full}"\n`;
  const pulled = await call(settings, 'pull', 'app:1');
  expect(pulled).toMatchObject({ status: 0 });
  expect(pulled.stdout).toEndWith(`\n${full}:1\n`);
  for (const name of ['app:1', 'team/other:1', `${full}:1`]) {
    const run = await call(settings, 'run', '--rm', '--pull', 'never', name, 'sh', '-c', 'echo $FROM');
    expect(run).toMatchObject({ status: 0, stdout: 'far/app\n' });
  }
  expect((await call(settings, 'inspect', '--format', '{{.Os}}', 'app:1')).stdout).toBe('linux\n');
  expect((await call(settings, 'tag', 'app:1', 'mine:1')).status).toBe(0);
  const removed = await call(settings, 'rmi', 'app:1');
  expect(removed.stdout).toContain(`Untagged: ${full}:1\n`);
  expect(removed.stdout).not.toContain('Deleted');
  expect((await call(settings, 'run', '--rm', 'mine:1', 'true')).status).toBe(0);
  // docker.io/library/app, which cannot be had here.
  const without = await call(
    'short-name-mode = "disabled"\nunqualified-search-registries = ["127.0.0.1:1"]\n' + settings,
    'pull',
    'app:1',
  );
  expect(without.status).toBe(7);
});

test('without an alias the search registries are tried in their order', async () => {
  await served('found');
  const settings = `unqualified-search-registries = ["127.0.0.1:1", "${world.registry.host}", "${mirror.host}"]\n`;
  const pulled = await call(settings, 'pull', '--retry', '0', 'found:1');
  expect(pulled.status).toBe(0);
  expect(pulled.stdout).toContain('127.0.0.1:1/found:1 cannot be had, going on to the next');
  expect(pulled.stdout).toContain(`${world.registry.host}/found:1 cannot be had`);
  expect((await call(settings, 'run', '--rm', 'found:1', 'sh', '-c', 'echo $FROM')).stdout).toBe('found\n');
  const enforcing = await call(`short-name-mode = "enforcing"\n${settings}`, 'pull', 'found:1');
  expect(enforcing.status).toBe(2);
  expect(enforcing.stderr).toContain(`${mirror.host}/found:1`);
  const nowhere = await call(settings, 'pull', '--retry', '0', 'nowhere:1');
  expect(nowhere.status).toBe(3);
  const bad: [string, string][] = [
    ['unqualified-search-registries = "x"\n', 'unqualified-search-registries'],
    ['short-name-mode = "maybe"\n', 'short-name-mode'],
    ['[aliases]\n"x" = "y"\n', 'aliases.x'],
  ];
  for (const [text, field] of bad) {
    const outcome = await call(text, 'pull', 'x');
    expect(outcome.status).toBe(2);
    expect(outcome.stderr).toContain(field);
  }
});

test('aliases that podman has noted are read, and never written', async () => {
  const full = await served('noted');
  const directory = join(world.root, '.cache/containers');
  mkdirSync(directory, { recursive: true });
  const text = `[aliases]\n  "noted" = "${full}"\n`;
  writeFileSync(join(directory, 'short-name-aliases.conf'), text);
  expect(await call('', 'pull', '-q', 'noted:1')).toMatchObject({ status: 0 });
  expect(readFileSync(join(directory, 'short-name-aliases.conf'), 'utf8')).toBe(text);
});
