import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '#store/digest.ts';
import {
  answer,
  fakeRegistry,
  hangUp,
  send,
  type FakeRegistry,
  type Misbehaviour,
} from '#store/testing/fake-registry.ts';
import { gzipLayer, testImage } from '#store/testing/test-image.ts';
import { cliWorld, type CliWorld } from './world.ts';

// src/store/pull/hostile.test.ts has many more; these show what a person sees, and the exit status of each kind.

let world: CliWorld;
let registry: FakeRegistry;
const layer = gzipLayer({ name: 'data', content: Buffer.alloc(100_000, 'x') });
const good = testImage([layer]);
const blobPath = new RegExp(`blobs/${digestOf(layer.blob)}`);

beforeAll(async () => {
  world = await cliWorld();
  registry = await fakeRegistry();
  registry.add('good', 'latest', good);
  registry.add('climber', 'latest', testImage([gzipLayer({ name: '../../climbed', content: 'x' })]));
}, 60_000);
afterAll(async () => {
  await registry.close();
  await world[Symbol.asyncDispose]();
});

const changed = (): Buffer => {
  const bad = Buffer.from(layer.blob);
  bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 1;
  return bad;
};

const cases: [string, number, RegExp, Misbehaviour][] = [
  ['a blob with a changed byte', 9, /digest|decompress/, (_, response) => send(response, changed())],
  ['a registry that forbids', 6, /403/, (_, response) => answer(response, 403, {})],
  ['a blob that is gone', 3, /404/, (_, response) => answer(response, 404, {})],
  ['a registry in trouble for ever', 7, /503/, (_, response) => answer(response, 503, { 'retry-after': '0' })],
];

for (const [what, status, words, behaviour] of cases) {
  test(`${what}: exit status ${status}, nothing left, and the next pull succeeds`, async () => {
    registry.misbehave(blobPath, behaviour);
    const refused = await world.call(['pull', `${registry.host}/good`], { timeout: 50_000 });
    registry.behave();
    expect(refused.stderr).toMatch(words);
    expect(refused.status).toBe(status);
    expect(readdirSync(join(world.root, 'work'))).toEqual([]);
    expect((await world.sampan('images', '-q')).stdout).toBe('');
    expect((await world.sampan('pull', `${registry.host}/good`)).status).toBe(0);
    expect((await world.sampan('rmi', `${registry.host}/good`)).status).toBe(0);
  }, 60_000);
}

test('a registry that hangs up in the middle is asked for the rest', async () => {
  registry.misbehave(blobPath, (request, response, visit) =>
    visit === 1 && request.headers.range === undefined ? hangUp(response, layer.blob, 50) : false,
  );
  expect((await world.sampan('pull', `${registry.host}/good`)).status).toBe(0);
  registry.behave();
});

test('a layer that climbs out changes nothing outside', async () => {
  const { status, stderr } = await world.sampan('pull', `${registry.host}/climber`);
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/climbed|\.\./);
  expect(readdirSync(world.root)).not.toContain('climbed');
});
