/** What nobody should send: it is refused, costs little, and changes nothing. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOwnRegistry, type OwnRegistry } from '#tools/own-registry.ts';
import {
  clientOf,
  descriptor,
  digestOf,
  expectRefusal,
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
import { sendRaw, statusOf, wire } from './wire.ts';

let registry: OwnRegistry;
let client: Client;
beforeAll(async () => {
  registry = await startOwnRegistry();
  client = clientOf(registry.url);
});
afterAll(() => registry.stop());

const raw = async (text: string, ms?: number): Promise<number> => statusOf(await sendRaw(registry.host, text, ms));
const uploadFiles = (): string[] => readdirSync(join(registry.root, 'uploads'));

test('huge and malformed headers', async () => {
  const start = 'GET /v2/ HTTP/1.1\r\nHost: x\r\n';
  const close = 'Connection: close\r\n\r\n';
  expect(await raw(`${start}A: ${'a'.repeat(100_000)}\r\n${close}`)).toBe(431);
  expect(await raw(`${start}${Array.from({ length: 5000 }, (_, n) => `A${n}: a\r\n`).join('')}${close}`)).toBe(431);
  expect(await raw(`GET /v2/${'a'.repeat(100_000)} HTTP/1.1\r\n${close}`)).toBe(431);
  expect(await raw('nonsense\r\n\r\n')).toBe(400);
  expect(await raw(`${start}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n${close}0\r\n\r\n`)).toBe(400);
  expect(await raw(`${start}Content-Length: 4\r\nContent-Length: 5\r\n${close}`)).toBe(400);
  expect(await raw(`${start}Content-Length: -4\r\n${close}`)).toBe(400);
  await expectStatus(await client.call(''), 200);
});

test('paths that climb: none gets further than the grammar of names', async () => {
  const digest = digestOf(noise());
  const paths = [
    `/v2/../../etc/passwd/blobs/${digest}`,
    `/v2/%2e%2e/%2e%2e/etc/blobs/${digest}`,
    `/v2/a/..%2f..%2f/manifests/x`,
    `/v2/a//b/manifests/x`,
    `/v2/a/manifests/..`,
    `/v2/a/manifests/..%2f..%2fregistry.db`,
    `/v2/a/blobs/..%2f..%2fregistry.db`,
    `/v2/a/blobs/sha256:..%2f..%2f..%2fregistry.db`,
    `/v2/a/blobs/sha256:${'../'.repeat(21)}a`,
    `/v2/a%00b/manifests/x`,
    '/v2/%ff/manifests/x',
    '/v2/%/manifests/x',
    '/v2/A/tags/list',
    `/v2/${'a'.repeat(300)}/tags/list`,
    '/v2/a/blobs/uploads/..%2f..%2fregistry.db',
    '/registry.db',
    '/v2/registry.db',
    'http://elsewhere/v2/',
    '*',
  ];
  for (const path of paths) {
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE']) {
      const status = await raw(
        `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      );
      expect({ path, method, refused: [400, 404, 405].includes(status), status }).toMatchObject({ refused: true });
    }
  }
  expect(readdirSync(registry.root).sort()).toEqual([
    'blobs',
    'registry.db',
    'registry.db-shm',
    'registry.db-wal',
    'trash',
    'uploads',
  ]);
  expect(readdirSync(join(registry.root, 'blobs'))).toEqual([]);
});

test('names and digests that are none are refused with their codes', async () => {
  await expectRefusal(await client.call('UPPER/blobs/uploads/', { method: 'POST' }), 400, 'NAME_INVALID');
  await expectRefusal(await client.call('a..b/tags/list'), 400, 'NAME_INVALID');
  for (const digest of [`md5:${'0'.repeat(32)}`, `sha256:${'A'.repeat(64)}`, `sha512:${'0'.repeat(64)}`, 'sha256:']) {
    await expectRefusal(await client.call(`a/blobs/${digest}`), 400, 'DIGEST_INVALID');
    await expectRefusal(await client.call(`a/manifests/${digest}`), 400, 'DIGEST_INVALID');
    await expectRefusal(
      await client.call(`a/blobs/uploads/?digest=${digest}`, { method: 'POST' }),
      400,
      'DIGEST_INVALID',
    );
    await expectRefusal(
      await client.call(`a/blobs/uploads/?mount=${digest}&from=b`, { method: 'POST' }),
      400,
      'DIGEST_INVALID',
    );
  }
  await expectStatus(await client.call('a/blobs/uploads/?digest-algorithm=md5', { method: 'POST' }), 400);
});

test('a Content-Length that lies: too much is another request, too little is a cut, and the upload goes on', async () => {
  const [name, bytes] = [client.name(), noise(1000)];
  const location = await startUpload(client, name);
  const { pathname } = new URL(location);
  const head = (method: string, length: number) =>
    `${method} ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;
  const { socket } = await wire(registry.host);
  socket.write(Buffer.concat([Buffer.from(head('PATCH', 5000)), bytes]));
  await sleep(100);
  socket.destroy();
  await sleep(100);
  const status = await expectStatus(await client.call(location), 204);
  expect(status.headers.get('range')).toBe('0-999');
  const tooMuch = await wire(registry.host);
  tooMuch.socket.write(Buffer.concat([Buffer.from(head('PATCH', 10)), noise(500)]));
  expect((await tooMuch.answer(2000)).text).toMatch(/HTTP\/1\.1 400/);
  // The bytes beyond are no request, which may end the connection before the chunk has been taken.
  expect(['0-999', '0-1009']).toContain((await client.call(location)).headers.get('range') ?? '');
});

test('a whole blob that is cut off is no blob, and leaves nothing', async () => {
  const before = uploadFiles();
  const bytes = noise(1000);
  const digest = digestOf(bytes);
  const { socket } = await wire(registry.host);
  const head = `POST /v2/cut/blobs/uploads/?digest=${digest} HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), bytes]));
  await sleep(100);
  socket.destroy();
  await sleep(200);
  await expectStatus(await client.call(`cut/blobs/${digest}`), 404);
  expect(uploadFiles()).toEqual(before);
  expect(registry.log()).toMatch(/"POST \/v2\/cut\/blobs\/uploads\/\?digest=\S+" 499 /);
  expect(registry.log()).toMatch(/"GET \/v2\/cut\/blobs\/\S+" 404 /);
});

test('ranges of chunks that overlap, run backwards, or are no ranges', async () => {
  const location = await startUpload(client, client.name());
  const send = (range: string, size: number) =>
    client.call(location, { method: 'PATCH', body: noise(size) as BodyInit, headers: { 'content-range': range } });
  await expectStatus(await send('0-99', 100), 202);
  for (const [range, size] of [
    ['50-149', 100],
    ['0-99', 100],
    ['200-299', 100],
    ['99999999999999999999-99999999999999999999', 1],
    ['-5', 5],
    ['100-', 10],
    ['bytes 100-199/200', 100],
  ] as const) {
    await expectStatus(await send(range, size), 416);
  }
  await expectStatus(await send('100-50', 10), 400);
  expect((await client.call(location)).headers.get('range')).toBe('0-99');
});

test('two requests that write to one upload at once: one of them is refused, and the content is one of theirs', async () => {
  const location = await startUpload(client, client.name());
  const { pathname } = new URL(location);
  const slow = await wire(registry.host);
  slow.socket.write(`PATCH ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n${'a'.repeat(50)}`);
  await sleep(100);
  const refused = await client.call(location, { method: 'PATCH', body: 'b'.repeat(100) });
  await expectStatus(refused, 409);
  await expectStatus(await client.call(`${location}?digest=${digestOf(noise())}`, { method: 'PUT' }), 409);
  await expectStatus(await client.call(location, { method: 'DELETE' }), 409);
  slow.socket.write('a'.repeat(50));
  await sleep(100);
  slow.socket.destroy();
  const digest = digestOf(Buffer.from('a'.repeat(100)));
  await expectStatus(await client.call(`${location}?digest=${digest}`, { method: 'PUT' }), 201);
});

test('what a repository has is not told to others by a mount', async () => {
  const [mine, theirs, digest] = [client.name(), client.name(), await pushBlob(client, client.name(), noise())];
  const answers = new Set<string>();
  for (const from of [theirs, client.name(), '..%2f..', 'UPPER', '']) {
    const response = await client.call(`${mine}/blobs/uploads/?mount=${digest}&from=${from}`, { method: 'POST' });
    answers.add(`${response.status} ${response.headers.get('docker-content-digest')}`);
  }
  expect([...answers]).toEqual(['202 null']);
});

test('manifests that refer to themselves, to each other, or to very much', async () => {
  const name = client.name();
  const image = await pushedImage(client, name, 'one');
  const index = (manifests: object[], more: object = {}) =>
    json({ schemaVersion: 2, mediaType: MEDIA.index, manifests, ...more });
  // By its tag is the only way in which an index can lead to itself: the digest of its own bytes cannot stand in them.
  const first = index([descriptor(MEDIA.manifest, image)]);
  await expectStatus(await putManifest(client, name, 'loop', first, MEDIA.index), 201);
  const second = index([descriptor(MEDIA.index, first)], { subject: descriptor(MEDIA.index, first) });
  await expectStatus(await putManifest(client, name, 'loop', second, MEDIA.index), 201);
  const many = index(Array.from({ length: 20_000 }, () => descriptor(MEDIA.index, second)));
  await expectStatus(await putManifest(client, name, 'many', many, MEDIA.index), 201);
  await expectStatus(await client.call(`${name}/referrers/${digestOf(first)}`), 200);
  const unknown = index(Array.from({ length: 20_000 }, (_, n) => descriptor(MEDIA.index, Buffer.from(String(n)))));
  await expectRefusal(await putManifest(client, name, 'x', unknown, MEDIA.index), 404, 'MANIFEST_BLOB_UNKNOWN');
  const deep = Buffer.from(
    `{"schemaVersion":2,"mediaType":"${MEDIA.manifest}","x":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`,
  );
  await expectRefusal(await putManifest(client, name, 'deep', deep), 400, 'MANIFEST_INVALID');
  await expectStatus(await client.call(''), 200);
});

test('many referrers come page by page, each of them once', async () => {
  const [name, empty] = [client.name(), json({})];
  await pushBlob(client, name, empty);
  const subject = descriptor(MEDIA.manifest, await pushedImage(client, name, 'one'));
  const pushed = new Set<string>();
  for (let count = 0; count < 5; count++) {
    const bytes = json({
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config: descriptor(MEDIA.empty, empty),
      layers: [],
      subject,
      annotations: { filling: String(count).repeat(1_000_000) },
    });
    pushed.add(digestOf(bytes));
    await expectStatus(await putManifest(client, name, digestOf(bytes), bytes), 201);
  }
  const found: string[] = [];
  let pages = 0;
  for (let next: string | undefined = `${name}/referrers/${subject.digest}`; next !== undefined; pages++) {
    const response: Response = await expectStatus(await client.call(next), 200);
    const { manifests } = (await response.json()) as { manifests: { digest: string }[] };
    found.push(...manifests.map(({ digest }) => digest));
    const [, target] = /^<([^>]+)>; ?rel="next"$/.exec(response.headers.get('link') ?? '') ?? [];
    next = target === undefined ? undefined : new URL(target, client.url).href;
  }
  expect(pages).toBeGreaterThan(1);
  expect(found.length).toBe(5);
  expect(new Set(found)).toEqual(pushed);
});

test('who sends a header a byte at a time, or nothing, is cut off, and others do not wait', async () => {
  const silent = await wire(registry.host);
  const slow = await wire(registry.host);
  const drip = setInterval(() => slow.socket.write('A'), 500);
  slow.socket.write('GET /v2/ HTTP/1.1\r\nX: ');
  await expectStatus(await client.call(''), 200);
  const [first, second] = await Promise.all([silent.answer(30_000), slow.answer(30_000)]);
  clearInterval(drip);
  expect(first.closed).toBe(true);
  expect(second.closed).toBe(true);
  expect([0, 408]).toContain(statusOf(second.text));
}, 45_000);

test('a refusal of a large body is seen by who sends it, and its connection does not stay', async () => {
  const { socket, answer } = await wire(registry.host);
  socket.write(`PUT /v2/a/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n`);
  const more = setInterval(() => socket.write(Buffer.alloc(65_536)), 10);
  const { text, closed } = await answer(10_000);
  clearInterval(more);
  expect({ status: statusOf(text), closed }).toEqual({ status: 413, closed: true });
});

test('nothing of all this has been written to the log as a failure of ours', () => {
  expect(registry.log()).not.toContain('ERROR');
  expect(readFileSync(join('/proc', String(registry.pid), 'comm'), 'utf8')).not.toBe('');
  expect(existsSync(join(registry.root, 'registry.db'))).toBe(true);
});
