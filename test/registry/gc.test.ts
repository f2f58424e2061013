/** `registry gc`: what goes, and what stays. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { Database } from 'bun:sqlite';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startOwnRegistry, type OwnRegistry } from '#tools/own-registry.ts';
import { SAMPAN } from '#tools/places.ts';
import {
  clientOf,
  descriptor,
  digestOf,
  expectStatus,
  json,
  MEDIA,
  noise,
  pushBlob,
  pushedImage,
  putManifest,
  startUpload,
  type Client,
} from './client.ts';
import { inspectDirectory } from './directory.ts';

let registry: OwnRegistry;
let client: Client;
beforeEach(async () => {
  registry = await startOwnRegistry();
  client = clientOf(registry.url);
});
afterEach(() => registry.stop());

function gc(...flags: string[]): string {
  const { status, stdout, stderr } = spawnSync(SAMPAN, ['registry', 'gc', '--root', registry.root, ...flags], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

test('blobs without a manifest go when they are old enough, and not before', async () => {
  const [blob, image] = [await pushBlob(client, 'box', noise(2000)), await pushedImage(client, 'box', '1')];
  await startUpload(client, 'box');
  expect(gc()).toBe('Removed 0 manifests, 0 blobs and 0 unfinished uploads, 0B\n');
  expect(gc('--min-age', '0s', '--dry-run')).toBe('Would remove 0 manifests, 1 blobs and 1 unfinished uploads, 2kB\n');
  await expectStatus(await client.call(`box/blobs/${blob}`), 200);
  expect(gc('--min-age', '0s')).toBe('Removed 0 manifests, 1 blobs and 1 unfinished uploads, 2kB\n');
  await expectStatus(await client.call(`box/blobs/${blob}`), 404);
  await expectStatus(await client.call(`box/manifests/${digestOf(image)}`), 200);
  expect(inspectDirectory(registry.root)).toMatchObject({ uploads: 0, trash: 0 });
  expect(inspectDirectory(registry.root).blobs.length).toBe(2);
});

test('a blob stays as long as one repository needs it', async () => {
  const bytes = await pushedImage(client, 'one', '1');
  const { layers } = JSON.parse(bytes.toString()) as { layers: { digest: string }[] };
  const digest = layers[0]?.digest ?? '';
  await expectStatus(await client.call(`two/blobs/uploads/?mount=${digest}&from=one`, { method: 'POST' }), 201);
  gc('--min-age', '0s');
  await expectStatus(await client.call(`two/blobs/${digest}`), 404);
  await expectStatus(await client.call(`one/blobs/${digest}`), 200);
  await expectStatus(await client.call(`one/manifests/1`, { method: 'DELETE' }), 202);
  gc('--min-age', '0s');
  await expectStatus(await client.call(`one/blobs/${digest}`), 200);
  expect(gc('--min-age', '0s', '--delete-untagged')).toStartWith('Removed 1 manifests, 2 blobs ');
  expect(inspectDirectory(registry.root).blobs).toEqual([]);
});

test('--delete-untagged keeps what an index or a subject leads to', async () => {
  const image = await pushedImage(client, 'box', 'by-index');
  const index = json({ schemaVersion: 2, mediaType: MEDIA.index, manifests: [descriptor(MEDIA.manifest, image)] });
  await expectStatus(await putManifest(client, 'box', 'all', index, MEDIA.index), 201);
  await expectStatus(await client.call('box/manifests/by-index', { method: 'DELETE' }), 202);
  const artifact = await pushedImage(client, 'box', 'about', { subject: descriptor(MEDIA.manifest, image) });
  await expectStatus(await client.call('box/manifests/about', { method: 'DELETE' }), 202);
  const lost = await pushedImage(client, 'box', 'lost');
  await expectStatus(await client.call('box/manifests/lost', { method: 'DELETE' }), 202);
  expect(gc('--min-age', '1h', '-m')).toStartWith('Removed 0 manifests');
  expect(gc('--min-age', '0s', '-m')).toStartWith('Removed 1 manifests, 2 blobs ');
  for (const bytes of [image, artifact, index]) {
    await expectStatus(await client.call(`box/manifests/${digestOf(bytes)}`), 200);
  }
  await expectStatus(await client.call(`box/manifests/${digestOf(lost)}`), 404);
});

test('files that nobody knows of go, and a blob whose file has gone can be pushed again', async () => {
  const bytes = noise();
  const digest = await pushBlob(client, 'box', bytes);
  const path = join(registry.root, 'blobs/sha256', digest.slice(7, 9), digest.slice(7));
  const stray = join(registry.root, 'blobs/sha256/00');
  mkdirSync(stray, { recursive: true });
  writeFileSync(join(stray, '0'.repeat(64)), 'stray');
  writeFileSync(join(registry.root, 'uploads', 'stray'), 'stray');
  gc('--min-age', '1h');
  expect(inspectDirectory(registry.root)).toMatchObject({ blobs: [digest], uploads: 0 });
  writeFileSync(path, 'short');
  await expectStatus(await client.call(`box/blobs/${digest}`, { method: 'HEAD' }), 404);
  await expectStatus(await client.call(`box/blobs/${digest}`), 404);
  await pushBlob(client, 'box', bytes);
  await expectStatus(await client.call(`box/blobs/${digest}`), 200);
  expect(inspectDirectory(registry.root).blobs).toEqual([digest]);
});

test('a download goes on to its end while its blob is collected', async () => {
  const bytes = noise(30_000_000);
  const digest = await pushBlob(client, 'box', bytes);
  const response = await client.call(`box/blobs/${digest}`);
  const reader = response.body?.getReader();
  const parts = [(await reader?.read())?.value ?? new Uint8Array()];
  gc('--min-age', '0s');
  await expectStatus(await client.call(`box/blobs/${digest}`, { method: 'HEAD' }), 404);
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) parts.push(part.value);
  expect(digestOf(Buffer.concat(parts))).toBe(digest);
});

test('--verify takes away what the disk has changed, and a push brings it back', async () => {
  const image = await pushedImage(client, 'box', '1');
  const { layers } = JSON.parse(image.toString()) as { layers: { digest: string; size: number }[] };
  const { digest = '', size = 0 } = layers[0] ?? {};
  const path = join(registry.root, 'blobs/sha256', digest.slice(7, 9), digest.slice(7));
  const bytes = readFileSync(path);
  expect(gc('--verify')).toContain(' 0 blobs (0 of them damaged) ');
  writeFileSync(path, noise(size));
  expect(gc('--verify', '-d')).toContain(' 1 blobs (1 of them damaged) ');
  await expectStatus(await client.call(`box/blobs/${digest}`, { method: 'HEAD' }), 200);
  // A push of it all the same puts the right content in its place.
  await pushBlob(client, 'box', bytes);
  expect(readFileSync(path).equals(bytes)).toBe(true);
  writeFileSync(path, noise(size));
  expect(gc('--verify')).toContain(' 1 blobs (1 of them damaged) ');
  await expectStatus(await client.call(`box/blobs/${digest}`, { method: 'HEAD' }), 404);
  await pushBlob(client, 'box', bytes);
  await expectStatus(await client.call(`box/blobs/${digest}`), 200);
  expect(inspectDirectory(registry.root).blobs.length).toBe(2);
});

test('a server that starts removes what was given up a day ago', async () => {
  const old = await startUpload(client, 'box');
  const young = await startUpload(client, 'box');
  await registry.end('SIGTERM');
  const database = new Database(join(registry.root, 'registry.db'));
  const day = 24 * 60 * 60 * 1000;
  const aged = database.query('UPDATE upload SET touched = touched - ? WHERE id = ?');
  aged.run(day + 1000, new URL(old).pathname.split('/').at(-1) ?? '');
  database.close();
  await using again = await startOwnRegistry({ root: registry.root });
  const status = (location: string) => clientOf(again.url).call(`${again.url}${new URL(location).pathname}`);
  await expectStatus(await status(old), 404);
  await expectStatus(await status(young), 204);
});
