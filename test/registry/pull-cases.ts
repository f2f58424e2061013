import { expect } from 'bun:test';
import {
  bytesOf,
  descriptor,
  digestOf,
  expectRefusal,
  expectStatus,
  json,
  madeImage,
  MEDIA,
  noise,
  pushBlob,
  pushedImage,
  putManifest,
  type Case,
} from './client.ts';

/** Distribution-spec, "Pull". */
export const PULL_CASES: readonly Case[] = [
  {
    title: 'GET /v2/ says that the API is there',
    run: async ({ call }) => {
      const response = await expectStatus(await call(''), 200);
      expect(response.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
    },
  },
  {
    title: 'a manifest is served by tag and by digest, byte for byte, with its type and digest',
    run: async (client) => {
      const name = client.name();
      // White space that no encoder would write shows that nothing is written anew.
      const bytes = Buffer.from(`${(await madeImage(client, name)).toString().replace('{', '{ \n')}\n`);
      await expectStatus(await putManifest(client, name, 'one', bytes), 201);
      for (const reference of ['one', digestOf(bytes)]) {
        const response = await expectStatus(await client.call(`${name}/manifests/${reference}`), 200);
        expect(response.headers.get('docker-content-digest')).toBe(digestOf(bytes));
        expect(response.headers.get('content-type')).toBe(MEDIA.manifest);
        expect((await bytesOf(response)).equals(bytes)).toBe(true);
      }
    },
  },
  {
    title: 'HEAD of a manifest has its size, type and digest, and no content',
    run: async (client) => {
      const name = client.name();
      const bytes = await pushedImage(client, name, 'one');
      for (const reference of ['one', digestOf(bytes)]) {
        const response = await expectStatus(
          await client.call(`${name}/manifests/${reference}`, { method: 'HEAD' }),
          200,
        );
        expect(response.headers.get('content-length')).toBe(String(bytes.length));
        expect(response.headers.get('docker-content-digest')).toBe(digestOf(bytes));
        expect(response.headers.get('content-type')).toBe(MEDIA.manifest);
        expect((await bytesOf(response)).length).toBe(0);
      }
    },
  },
  {
    title: 'a manifest that is not there is 404 MANIFEST_UNKNOWN, of a repository known or not',
    run: async (client) => {
      const name = client.name();
      await pushedImage(client, name, 'one');
      for (const place of [name, client.name()]) {
        for (const reference of ['other', digestOf(noise())]) {
          const path = `${place}/manifests/${reference}`;
          const response = await client.call(path, { headers: { accept: MEDIA.manifest } });
          await expectStatus(response, 404);
          const { errors } = (await response.json()) as { errors: { code: string }[] };
          expect(['MANIFEST_UNKNOWN', 'NAME_UNKNOWN']).toContain(errors[0]?.code ?? '');
          await expectStatus(await client.call(path, { method: 'HEAD' }), 404);
        }
      }
    },
  },
  {
    title: 'a blob is served byte for byte with its digest; HEAD has its size',
    run: async (client) => {
      const [name, bytes] = [client.name(), noise(300_000)];
      const digest = await pushBlob(client, name, bytes);
      const response = await expectStatus(await client.call(`${name}/blobs/${digest}`), 200);
      expect(response.headers.get('docker-content-digest')).toBe(digest);
      expect((await bytesOf(response)).equals(bytes)).toBe(true);
      const head = await expectStatus(await client.call(`${name}/blobs/${digest}`, { method: 'HEAD' }), 200);
      expect(head.headers.get('content-length')).toBe(String(bytes.length));
      expect(head.headers.get('docker-content-digest')).toBe(digest);
    },
  },
  {
    title: 'a blob that is not there is 404 BLOB_UNKNOWN',
    run: async (client) => {
      const [name, digest] = [client.name(), digestOf(noise())];
      await pushBlob(client, name, noise());
      await expectRefusal(await client.call(`${name}/blobs/${digest}`), 404, 'BLOB_UNKNOWN');
      await expectStatus(await client.call(`${name}/blobs/${digest}`, { method: 'HEAD' }), 404);
    },
  },
  {
    title: 'a blob of one repository is not in another one',
    run: async (client) => {
      const digest = await pushBlob(client, client.name(), noise());
      const other = client.name();
      await pushBlob(client, other, noise());
      await expectStatus(await client.call(`${other}/blobs/${digest}`), 404);
      await expectStatus(await client.call(`${other}/blobs/${digest}`, { method: 'HEAD' }), 404);
    },
  },
  {
    title: 'ranges of a blob: a part, the rest, the end; what cannot be satisfied is 416',
    run: async (client) => {
      const [name, bytes] = [client.name(), noise(1000)];
      const digest = await pushBlob(client, name, bytes);
      const get = (range: string) => client.call(`${name}/blobs/${digest}`, { headers: { range } });
      for (const [range, start, end] of [
        ['bytes=0-0', 0, 1],
        ['bytes=100-199', 100, 200],
        ['bytes=900-', 900, 1000],
        ['bytes=900-5000', 900, 1000],
        ['bytes=-100', 900, 1000],
      ] as const) {
        const response = await expectStatus(await get(range), 206);
        expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/1000`);
        expect((await bytesOf(response)).equals(bytes.subarray(start, end))).toBe(true);
      }
      for (const range of ['bytes=1000-', 'bytes=500-0']) await expectStatus(await get(range), 416);
    },
  },
  {
    title: 'a range that cannot be read gets all of the blob',
    run: async (client) => {
      const [name, bytes] = [client.name(), noise(1000)];
      const digest = await pushBlob(client, name, bytes);
      for (const range of ['lines=1-2', 'bytes=a-b']) {
        const response = await expectStatus(await client.call(`${name}/blobs/${digest}`, { headers: { range } }), 200);
        expect((await bytesOf(response)).equals(bytes)).toBe(true);
      }
    },
  },
  {
    title: 'who has it already is told so (304)',
    run: async (client) => {
      const name = client.name();
      const digest = await pushBlob(client, name, noise());
      const manifest = digestOf(await pushedImage(client, name, 'one'));
      for (const [path, tag] of [
        [`blobs/${digest}`, digest],
        ['manifests/one', manifest],
      ]) {
        const response = await client.call(`${name}/${path}`, { headers: { 'if-none-match': `"${tag}"` } });
        await expectStatus(response, 304);
      }
    },
  },
  {
    title: 'an empty blob is a blob',
    run: async (client) => {
      const [name, bytes] = [client.name(), Buffer.alloc(0)];
      const location = await client.call(`${name}/blobs/uploads/?digest=${digestOf(bytes)}`, { method: 'POST' });
      await expectStatus(location, 201);
      const response = await expectStatus(await client.call(`${name}/blobs/${digestOf(bytes)}`), 200);
      expect((await bytesOf(response)).length).toBe(0);
    },
  },
  {
    title: 'content by sha512: a blob and a manifest',
    run: async (client) => {
      const [name, config] = [client.name(), json({})];
      const blob = await pushBlob(client, name, config, 'sha512');
      await expectStatus(await client.call(`${name}/blobs/${blob}`, { method: 'HEAD' }), 200);
      const bytes = json({
        schemaVersion: 2,
        mediaType: MEDIA.manifest,
        config: descriptor(MEDIA.config, config, 'sha512'),
        layers: [],
      });
      const digest = digestOf(bytes, 'sha512');
      const put = await expectStatus(await putManifest(client, name, digest, bytes), 201);
      expect(put.headers.get('docker-content-digest')).toBe(digest);
      const got = await expectStatus(await client.call(`${name}/manifests/${digest}`), 200);
      expect(got.headers.get('docker-content-digest')).toBe(digest);
      expect((await bytesOf(got)).equals(bytes)).toBe(true);
    },
  },
];
