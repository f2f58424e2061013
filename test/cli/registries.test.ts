import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
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
