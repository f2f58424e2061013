/** kill -9 of the server at random moments of pushes and collections. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOwnRegistry, type OwnRegistry } from '#tools/own-registry.ts';
import { SAMPAN } from '#tools/places.ts';
import {
  bytesOf,
  clientOf,
  descriptor,
  digestOf,
  expectStatus,
  json,
  locationOf,
  MEDIA,
  noise,
  patch,
  putManifest,
  putWhole,
  startUpload,
  type Client,
} from './client.ts';
import { inspectDirectory } from './directory.ts';

const ROUNDS = 25;
const CHUNK = 100_000;

let place: string;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'sampan-registry-crash-'));
});
afterAll(() => rmSync(place, { recursive: true }));

const gc = (root: string, ...flags: string[]): string => {
  const outcome = spawnSync(SAMPAN, ['registry', 'gc', '--root', root, '--min-age', '0s', ...flags], {
    encoding: 'utf8',
  });
  expect({ status: outcome.status, stderr: outcome.stderr }).toEqual({ status: 0, stderr: '' });
  return outcome.stdout;
};

/** Sends a blob in chunks from where an earlier try came to; `where` remembers that over restarts. */
async function pushResumed(
  client: Client,
  name: string,
  bytes: Buffer,
  where: { path?: string },
): Promise<'resumed' | 'anew'> {
  let start = 0;
  let location: string;
  const status = where.path === undefined ? undefined : await client.call(`${client.url}${where.path}`);
  if (status?.status === 204) {
    location = locationOf(status, client.url);
    const last = Number(/^0-(\d+)$/.exec(status.headers.get('range') ?? '')?.[1]);
    start = last === 0 ? 0 : last + 1;
  } else {
    location = await startUpload(client, name);
  }
  const how = start > 0 ? 'resumed' : 'anew';
  where.path = new URL(location).pathname;
  for (let at = start; at < bytes.length; at += CHUNK) {
    const end = Math.min(at + CHUNK, bytes.length);
    location = locationOf(
      await expectStatus(await patch(client, location, bytes.subarray(at, end), `${at}-${end - 1}`), 202),
      client.url,
    );
  }
  await expectStatus(await putWhole(client, location, digestOf(bytes), Buffer.alloc(0)), 201);
  return how;
}

/** One push as clients do it: what is there is not sent; the manifest comes last. */
async function push(
  client: Client,
  name: string,
  layers: readonly Buffer[],
  wheres: { path?: string }[],
): Promise<boolean> {
  const config = json({ layers: layers.map((layer) => digestOf(layer)) });
  let resumed = false;
  for (const [index, bytes] of [...layers, config].entries()) {
    const head = await client.call(`${name}/blobs/${digestOf(bytes)}`, { method: 'HEAD' });
    if (head.status === 200) continue;
    const where = (wheres[index] ??= {});
    resumed = (await pushResumed(client, name, bytes, where)) === 'resumed' || resumed;
  }
  const manifest = json({
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: descriptor(MEDIA.config, config),
    layers: layers.map((layer) => descriptor(MEDIA.layer, layer)),
  });
  await expectStatus(await putManifest(client, name, 'latest', manifest), 201);
  return resumed;
}

/** Everything that a tag leads to is served, and is what it says. */
async function expectWhole(client: Client, name: string): Promise<void> {
  const response = await expectStatus(await client.call(`${name}/manifests/latest`), 200);
  const { config, layers } = JSON.parse((await bytesOf(response)).toString()) as {
    config: { digest: string };
    layers: { digest: string }[];
  };
  for (const { digest } of [config, ...layers]) {
    const blob = await expectStatus(await client.call(`${name}/blobs/${digest}`), 200);
    expect(digestOf(await bytesOf(blob))).toBe(digest);
  }
}

test(`a push through ${ROUNDS} deaths of the server resumes, and nothing wrong is ever served`, async () => {
  const root = join(place, 'pushes');
  let resumptions = 0;
  let deaths = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const name = `round/${round}`;
    const layers = [noise(1_500_000), noise(300_000), noise(10)];
    const wheres: { path?: string }[] = [];
    for (let tries = 0; ; tries++) {
      const registry = await startOwnRegistry({ root });
      const client = clientOf(registry.url);
      const pushing = push(client, name, layers, wheres).then(
        (resumed) => ({ resumed }),
        (error: unknown) => ({ error }),
      );
      if (tries < 2) {
        await Promise.race([pushing, sleep(Math.random() * 120)]);
        await registry.kill();
        deaths++;
      }
      const outcome = await pushing;
      if ('resumed' in outcome && outcome.resumed) resumptions++;
      if (tries >= 2) {
        expect(outcome).not.toHaveProperty('error');
        await expectWhole(client, name);
      }
      await registry.stop();
      inspectDirectory(root);
      if (tries >= 2) break;
    }
  }
  expect(deaths).toBe(2 * ROUNDS);
  expect(resumptions).toBeGreaterThan(0);
  gc(root);
  const left = inspectDirectory(root);
  expect(left).toMatchObject({ uploads: 0, trash: 0 });
  expect(left.tags.length).toBe(ROUNDS);
  expect(left.blobs.length).toBe(ROUNDS * 4);
}, 120_000);

test('a collection killed at any moment takes nothing that is needed, and the next one takes the rest', async () => {
  const root = join(place, 'collections');
  const registry = await startOwnRegistry({ root });
  const client = clientOf(registry.url);
  await push(client, 'kept', [noise(100_000), noise(1000)], []);
  for (let round = 0; round < 12; round++) {
    await push(client, `dropped/${round}`, [noise(50_000), noise(50_000)], []);
    await expectStatus(await client.call(`dropped/${round}/manifests/latest`, { method: 'DELETE' }), 202);
    await startUpload(client, 'unfinished');
    const child = Bun.spawn([SAMPAN, 'registry', 'gc', '-m', '--root', root, '--min-age', '0s'], {
      stdout: 'ignore',
      stderr: 'ignore',
    });
    await sleep(20 + Math.random() * 80);
    child.kill('SIGKILL');
    await child.exited;
    await expectWhole(client, 'kept');
  }
  gc(root, '-m');
  await expectWhole(client, 'kept');
  expect(inspectDirectory(root)).toMatchObject({ uploads: 0, trash: 0, tags: ['kept:latest'] });
  expect(inspectDirectory(root).blobs.length).toBe(3);
  await registry.stop();
}, 60_000);

test('collections beside pushes and pulls take nothing from them', async () => {
  const root = join(place, 'beside');
  await using registry: OwnRegistry = await startOwnRegistry({ root });
  const client = clientOf(registry.url);
  let pushing = true;
  const collecting = (async () => {
    // What is younger than a minute is left alone, which is what makes it safe.
    while (pushing) {
      const child = Bun.spawn([SAMPAN, 'registry', 'gc', '-m', '--root', root, '--min-age', '1m'], {
        stdout: 'ignore',
      });
      expect(await child.exited).toBe(0);
    }
  })();
  await Promise.all(
    [1, 2, 3].map(async (worker) => {
      for (let round = 0; round < 10; round++) {
        const name = `worker/${worker}/${round}`;
        await push(client, name, [noise(200_000), noise(1000)], []);
        await expectWhole(client, name);
      }
    }),
  );
  pushing = false;
  await collecting;
  expect(inspectDirectory(root).tags.length).toBe(30);
}, 60_000);
