import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { lstatSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Fault, FaultKind } from '#base/fault.ts';
import { sentence } from '#base/fault.ts';
import { digestOf } from '#store/digest.ts';
import { answer, fakeRegistry, hangUp, send, type FakeRegistry } from '#store/testing/fake-registry.ts';
import { gzipLayer, testImage, testIndex, type TestImage, type TestLayer } from '#store/testing/test-image.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';
import type { TarItem } from '#store/testing/tar-writer.ts';

let registry: FakeRegistry;
let at: TestStore;
const noise = randomBytes(300_000);
const good = testImage([gzipLayer({ name: 'data', content: noise }), gzipLayer({ name: 'top', content: 'top' })]);
const blob = (good.layers[0] as TestLayer).blob;
const blobPath = new RegExp(`blobs/${digestOf(blob)}`);

beforeAll(async () => {
  registry = await fakeRegistry();
  registry.add('good', 'latest', good);
});
afterAll(() => registry.close());
beforeEach(() => {
  at = testStore({ growth: { base: 1_000_000, ratio: 10 }, idleMs: 500 });
});
afterEach(() => {
  registry.behave();
  at.close();
});

async function failure(name: string): Promise<Fault> {
  const error: unknown = await at.store.pull(`${registry.host}/${name}`).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeDefined();
  return error as Fault;
}

/**
 * The pull fails in that way, leaves nothing (but for what another try would go on with, where that may succeed), and an
 * honest pull succeeds afterwards.
 */
async function refused(name: string, kind: FaultKind, words: RegExp): Promise<Fault> {
  const error = await failure(name);
  expect(`${error.kind}: ${sentence(error)}`).toMatch(new RegExp(`^${kind}: `));
  expect(sentence(error)).toMatch(words);
  if (kind !== 'corrupt' && kind !== 'unsupported') {
    at.store.forgetUnfinished();
    await at.store.collect();
  }
  expect(at.contents()).toEqual([]);
  registry.behave();
  const image = await at.store.pull(`${registry.host}/good`);
  expect(image.configDigest).toBe(good.configDigest);
  return error;
}

const servings: [string, FaultKind, RegExp, RegExp, Parameters<FakeRegistry['misbehave']>[1]][] = [
  [
    'a truncated blob',
    'corrupt',
    /416|ends after/,
    blobPath,
    (request, response) =>
      request.headers.range === undefined ? send(response, blob.subarray(0, 1000)) : answer(response, 416, {}),
  ],
  [
    'a blob with a changed byte',
    'corrupt',
    /digest|decompress/,
    blobPath,
    (_, response) => {
      const bad = Buffer.from(blob);
      bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 1;
      return send(response, bad);
    },
  ],
  [
    'a blob that is too large',
    'corrupt',
    /larger than/,
    blobPath,
    (_, response) => send(response, Buffer.concat([blob, Buffer.alloc(100)])),
  ],
  [
    'a registry that always hangs up',
    'unavailable',
    /cut after 0|GET/,
    blobPath,
    (_, response) => hangUp(response, blob, 0),
  ],
  [
    'a registry that goes silent',
    'unavailable',
    /no progress/,
    blobPath,
    (_, response) => {
      response.writeHead(200, { 'Content-Length': blob.length });
      return response.write(blob.subarray(0, 10)) || true;
    },
  ],
  ['404 for a blob', 'notFound', /404/, blobPath, (_, response) => answer(response, 404, {})],
  [
    '500 for ever',
    'unavailable',
    /500 \(out of order\)/,
    /manifests/,
    (_, response) => answer(response, 500, { errors: [{ code: 'X', message: 'out of order' }] }),
  ],
  ['429 for ever', 'exhausted', /429/, /manifests/, (_, response) => answer(response, 429, {}, { 'Retry-After': '0' })],
  ['403', 'denied', /403/, /manifests/, (_, response) => answer(response, 403, {})],
  ['401 without a challenge', 'denied', /401/, /manifests/, (_, response) => answer(response, 401, {})],
  [
    'a manifest whose digest lies',
    'corrupt',
    /verify the manifest/,
    /manifests/,
    (_, response) => send(response, good.manifest, { 'Docker-Content-Digest': digestOf('other') }),
  ],
  [
    'a manifest that is not JSON',
    'corrupt',
    /not JSON/,
    /manifests/,
    (_, response) => send(response, Buffer.from('<html>')),
  ],
  [
    'a schema 1 manifest',
    'unsupported',
    /schema 1/,
    /manifests/,
    (_, response) => send(response, Buffer.from('{"schemaVersion":1}'), { 'Content-Type': 'application/json' }),
  ],
  [
    'a configuration with other content',
    'corrupt',
    /digest|larger|ends/,
    new RegExp(good.configDigest),
    (_, response) => send(response, Buffer.alloc(good.config.length, 0x20)),
  ],
  [
    'a redirect loop',
    'unavailable',
    /redirects/,
    blobPath,
    (request, response) => answer(response, 302, {}, { Location: request.url ?? '' }),
  ],
];
for (const [title, kind, words, path, how] of servings) {
  test(`${title} is ${kind} and leaves nothing behind`, async () => {
    registry.misbehave(path, how);
    await refused('good', kind, words);
  });
}

const images: [string, FaultKind, RegExp, () => TestImage][] = [
  [
    'a layer with a lying diffID',
    'corrupt',
    /configuration says/,
    () =>
      testImage([gzipLayer({ name: 'a' })], { config: { rootfs: { type: 'layers', diff_ids: [digestOf('other')] } } }),
  ],
  [
    'an unknown media type',
    'unsupported',
    /media type/,
    () => testImage([gzipLayer({ name: 'a' })], { layer: { mediaType: 'application/x-7z' } }),
  ],
  [
    'another compression than said',
    'corrupt',
    /first bytes/,
    () =>
      testImage([gzipLayer({ name: 'a' })], { layer: { mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd' } }),
  ],
  [
    'another architecture',
    'unsupported',
    /linux\/s390x, not for linux\/amd64/,
    () => testImage([gzipLayer({ name: 'a' })], { config: { architecture: 's390x' } }),
  ],
  [
    'a decompression bomb',
    'corrupt',
    /larger than/,
    () => testImage([gzipLayer({ name: 'zeros', content: Buffer.alloc(8_000_000) })]),
  ],
  [
    'a truncated archive',
    'corrupt',
    /middle of an entry/,
    () => {
      const archive = gzipLayer({ name: 'a', content: 'text' }).archive.subarray(0, 514);
      return testImage([
        { archive, blob: gzipSync(archive), mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' },
      ]);
    },
  ],
];
for (const [title, kind, words, make] of images) {
  test(`${title} is ${kind} and leaves nothing behind`, async () => {
    registry.add('bad', 'latest', make());
    await refused('bad', kind, words);
  });
}

const escapes: [string, (outside: string) => TarItem[]][] = [
  ['climbs out by its name', () => [{ name: '../../../escaped', content: 'x' }]],
  ['climbs out in the middle of its name', () => [{ name: 'a/../../../../escaped', content: 'x' }]],
  ['is a directory called ..', () => [{ name: '..', type: '5', mode: 0o777 }]],
  [
    'writes through a symlink',
    (outside) => [
      { name: 'link', type: '2', link: outside },
      { name: 'link/escaped', content: 'x' },
    ],
  ],
  [
    'writes through a relative symlink',
    () => [
      { name: 'link', type: '2', link: '../../..' },
      { name: 'link/escaped', content: 'x' },
    ],
  ],
  ['is a hard link to a file outside', () => [{ name: 'hard', type: '1', link: '../../../../victim' }]],
  [
    'is a hard link through a symlink',
    (outside) => [
      { name: 'link', type: '2', link: outside },
      { name: 'hard', type: '1', link: 'link/victim' },
    ],
  ],
];
for (const [title, items] of escapes) {
  test(`an entry that ${title} reaches nothing outside`, async () => {
    const victim = join(at.root, 'victim');
    writeFileSync(victim, 'untouched');
    registry.add('bad', 'latest', testImage([gzipLayer(...items(at.root))]));
    await refused('bad', 'corrupt', /unpack/);
    expect(lstatSync(join(at.root, 'escaped'), { throwIfNoEntry: false })).toBeUndefined();
    expect(lstatSync(victim).nlink).toBe(1);
  });
}

test('An index without our platform names the ones it has', async () => {
  registry.addManifest(
    'index',
    'latest',
    testIndex([{ image: good, platform: { os: 'linux', architecture: 'ppc64le' } }]),
  );
  await refused('index', 'unsupported', /no image for linux\/amd64; there are: linux\/ppc64le/);
});

test('An unknown name is notFound, with the words of the registry', async () => {
  await refused('nothing', 'notFound', /repository name not known/);
});
