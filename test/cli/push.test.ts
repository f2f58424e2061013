import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tar } from '#store/testing/tar-writer.ts';
import { makeImage, sha256, type Layer } from '#tools/image/oci-image.ts';
import { pushImage } from '#tools/image/push.ts';
import { startOwnRegistry } from '#tools/own-registry.ts';
import { startRegistry, type TestRegistry } from '#tools/registry.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
let target: TestRegistry;
let image: string;
const MIB = 1024 * 1024;

/** A layer of one file of random bytes, uncompressed, so that its size is what it is. */
function randomLayer(size: number): Layer {
  const packed = tar({ name: 'data', content: randomBytes(size) });
  return { packed, diffId: sha256(packed), mediaType: 'application/vnd.oci.image.layer.v1.tar' };
}

beforeAll(async () => {
  world = await cliWorld();
  await pushImage(
    world.registry.url,
    'large',
    '1',
    makeImage([70 * MIB, 6 * MIB, 1000].map(randomLayer), { Cmd: ['data'] }),
  );
  image = `${world.registry.host}/large:1`;
  for (const name of [world.image, image]) expect(await world.sampan('pull', '-q', name)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  target = await startOwnRegistry();
});
afterEach(() => target.stop());

/** What Debian's skopeo says of an image in a registry. */
function inspect(name: string): { Digest: string; Layers: string[]; Architecture: string } {
  const text = execFileSync('skopeo', ['inspect', '--tls-verify=false', `docker://${name}`], { encoding: 'utf8' });
  return JSON.parse(text) as { Digest: string; Layers: string[]; Architecture: string };
}

test('push says what it does, and others read what it pushed', async () => {
  const name = `${target.host}/team/large:2`;
  const pushed = await world.sampan('push', image, name);
  expect(pushed).toMatchObject({ status: 0, stderr: '' });
  expect(pushed.stdout).toStartWith(`The push refers to repository [${target.host}/team/large]\n`);
  expect(pushed.stdout.match(/^[0-9a-f]{12}: Pushed$/gm)?.length).toBe(3);
  const [, digest = ''] = /^2: digest: (sha256:[0-9a-f]{64}) size: \d+$/m.exec(pushed.stdout) ?? [];
  expect(inspect(name)).toMatchObject({
    ...inspect(image),
    Name: `${target.host}/team/large`,
    RepoTags: ['2'],
  } as object);
  expect(inspect(name).Digest).toBe(digest);
  // skopeo checks every blob against its digest.
  execFileSync('skopeo', ['copy', '-q', '--src-tls-verify=false', `docker://${name}`, `dir:${world.root}/copied`]);
});

test('what is there is skipped, and what another repository has is mounted', async () => {
  expect(await world.sampan('push', image, `${target.host}/one:1`)).toMatchObject({ status: 0 });
  const again = await world.sampan('push', image, `${target.host}/one:2`);
  expect(again.stdout.match(/Layer already exists/g)?.length).toBe(3);
  const other = await world.sampan('push', image, `${target.host}/team/two:1`);
  expect(other.stdout.match(/Mounted from one/g)?.length).toBe(3);
  expect(inspect(`${target.host}/team/two:1`).Digest).toBe(inspect(image).Digest);
});

test('--quiet prints the name, --all-tags pushes each of them', async () => {
  const name = `${target.host}/quiet:1`;
  expect(await world.sampan('push', '-q', world.image, name)).toEqual({
    status: 0,
    signal: null,
    stdout: `${name}\n`,
    stderr: '',
  });
  const tags = [await world.push('tags', 'a'), await world.push('tags', 'b', { Cmd: ['other'] })];
  for (const tag of tags) await world.sampan('pull', '-q', tag);
  const all = await world.sampan('push', '--all-tags', `${world.registry.host}/tags`);
  expect(all.stdout).toMatch(/^a: digest: sha256:.*\n(?:.*\n)*b: digest: sha256:/m);
});

test('each kind of failure has its exit status and names what is wrong', async () => {
  const cases: [string[], number, string][] = [
    [['push', 'nonesuch'], 3, 'nonesuch'],
    [['push', '-a', `${target.host}/nonesuch`], 3, 'nonesuch'],
    [['push', '-a', `${target.host}/x:1`], 2, 'without a tag'],
    [['push', '-a', world.image, 'x'], 125, '--all-tags'],
    [['push', `${target.host}/x@sha256:${'0'.repeat(64)}`], 2, 'digest'],
    [['push', world.image, '127.0.0.1:1/x'], 7, '127.0.0.1:1'],
    [['push', world.image, 'UPPER'], 2, 'UPPER'],
    [['push', '--all-platforms', world.image], 3, 'No such index'],
    [['push', '--no-such-flag', world.image], 125, 'unknown flag: --no-such-flag'],
    [['push'], 125, 'argument'],
  ];
  for (const [args, status, text] of cases) {
    const outcome = await world.sampan(...args);
    expect({ args, status: outcome.status }).toEqual({ args, status });
    expect(outcome.stderr).toContain(text);
  }
});

test('a registry that asks for a password gets it from login', async () => {
  const htpasswd = join(world.root, 'htpasswd');
  writeFileSync(htpasswd, `tester:${await Bun.password.hash('secret', { algorithm: 'bcrypt', cost: 4 })}\n`);
  await using locked = await startRegistry({ htpasswd });
  const name = `${locked.host}/app:1`;
  expect(await world.sampan('push', image, name)).toMatchObject({ status: 6 });
  const args = ['login', '-u', 'tester', '--password-stdin', locked.host];
  expect(await world.call(args, { input: 'secret\n' })).toMatchObject({ status: 0 });
  const pushed = await world.sampan('push', image, name);
  expect(pushed).toMatchObject({ status: 0 });
  expect(pushed.stdout).toContain('Pushed');
  expect(await world.sampan('logout', locked.host)).toMatchObject({ status: 0 });
  expect(await world.sampan('push', image, name)).toMatchObject({ status: 6 });
});

test('a push killed at any moment leaves nothing, no tag of a part, and the next one brings the rest', async () => {
  const name = `${target.host}/killed:1`;
  for (let round = 0; round < 12; round++) {
    const child = world.spawn(['push', image, name]);
    await sleep(60 + round * 25);
    child.kill('SIGKILL');
    await child.exited;
    const response = await fetch(`${target.url}/v2/killed/manifests/1`, { headers: { Accept: '*/*' } });
    if (response.status === 200) inspect(name);
  }
  expect(await world.sampan('push', image, name)).toMatchObject({ status: 0 });
  expect(inspect(name).Digest).toBe(inspect(image).Digest);
  expect(world.leftovers()).toEqual([]);
  expect((await world.sampan('ps')).stderr).toBe('');
});

test('an interrupted push says so', async () => {
  const child = world.spawn(['push', image, `${target.host}/interrupted:1`]);
  await sleep(120);
  child.kill('SIGINT');
  const stderr = await new Response(child.stderr).text();
  expect({ status: await child.exited, signal: child.signalCode, stderr }).toMatchObject({ status: 130, signal: null });
});

test('a push that the registry cuts goes on, and the command ends as soon as it is done', async () => {
  let cuts = 0;
  const { port } = new URL(target.url);
  const cutting = createServer((client) => {
    const registry = connect(Number(port), '127.0.0.1');
    let passed = 0;
    client.on('data', (data: Buffer) => {
      passed += data.length;
      if (passed < 20 * MIB || cuts >= 2) return;
      cuts++;
      client.destroy();
    });
    client.pipe(registry).pipe(client);
    for (const end of [client, registry]) end.on('error', () => [client, registry].forEach((one) => one.destroy()));
    client.on('close', () => registry.destroy());
  });
  await new Promise<void>((resolve) => cutting.listen(0, '127.0.0.1', resolve));
  const name = `127.0.0.1:${(cutting.address() as AddressInfo).port}/cut:1`;
  expect(await world.sampan('push', image, name)).toMatchObject({ status: 0 });
  expect(cuts).toBe(2);
  expect(inspect(`${target.host}/cut:1`).Digest).toBe(inspect(image).Digest);
  cutting.close();
}, 30_000);
