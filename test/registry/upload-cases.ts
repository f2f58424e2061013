import { expect } from 'bun:test';
import {
  bytesOf,
  clientOf,
  digestOf,
  expectRefusal,
  expectStatus,
  locationOf,
  noise,
  patch,
  pushBlob,
  putWhole,
  startUpload,
  withQuery,
  type Case,
  type Client,
} from './client.ts';

async function expectServed(client: Client, repository: string, bytes: Buffer, place?: string): Promise<void> {
  const path = place ?? `${repository}/blobs/${digestOf(bytes)}`;
  const response = await expectStatus(await client.call(path), 200);
  expect((await bytesOf(response)).equals(bytes)).toBe(true);
}

/** Distribution-spec, "Pushing blobs". */
export const UPLOAD_CASES: readonly Case[] = [
  {
    title: 'POST then PUT: a location, and a blob that can be pulled from where the answer says',
    run: async (client) => {
      const [name, bytes] = [client.name(), noise(200_000)];
      const location = await startUpload(client, name);
      expect(location).toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
      const done = await expectStatus(await putWhole(client, location, digestOf(bytes), bytes), 201);
      await expectServed(client, name, bytes, locationOf(done, client.url));
    },
  },
  {
    title: 'a single POST with the digest',
    run: async (client) => {
      const [name, bytes] = [client.name(), noise()];
      const digest = digestOf(bytes);
      const headers = { 'content-type': 'application/octet-stream' };
      const path = `${name}/blobs/uploads/?digest=${digest}`;
      const response = await client.call(path, { method: 'POST', body: bytes as BodyInit, headers });
      await expectStatus(response, 201);
      await expectServed(client, name, bytes, locationOf(response, client.url));
    },
  },
  {
    title: 'chunks in order, the last one by PATCH or by PUT',
    run: async (client) => {
      for (const lastByPut of [false, true]) {
        const [name, bytes] = [client.name(), noise(3000)];
        let location = await startUpload(client, name);
        for (const at of lastByPut ? [0, 1000] : [0, 1000, 2000]) {
          const response = await patch(client, location, bytes.subarray(at, at + 1000), `${at}-${at + 999}`);
          await expectStatus(response, 202);
          expect(response.headers.get('range')).toBe(`0-${at + 999}`);
          location = locationOf(response, client.url);
        }
        const done = await client.call(withQuery(location, { digest: digestOf(bytes) }), {
          method: 'PUT',
          ...(lastByPut
            ? {
                body: bytes.subarray(2000) as BodyInit,
                headers: { 'content-range': '2000-2999', 'content-type': 'application/octet-stream' },
              }
            : {}),
        });
        await expectStatus(done, 201);
        await expectServed(client, name, bytes);
      }
    },
  },
  {
    title: 'one PATCH without a range, as docker sends a layer',
    run: async (client) => {
      const [name, bytes] = [client.name(), noise(500_000)];
      const response = await expectStatus(await patch(client, await startUpload(client, name), bytes), 202);
      const location = locationOf(response, client.url);
      await expectStatus(await putWhole(client, location, digestOf(bytes), Buffer.alloc(0)), 201);
      await expectServed(client, name, bytes);
    },
  },
  {
    title: 'a chunk out of order is 416, and the upload goes on where its status says',
    run: async (client) => {
      const [name, bytes] = [client.name(), noise(2000)];
      let location = await startUpload(client, name);
      const first = await expectStatus(await patch(client, location, bytes.subarray(0, 1000), '0-999'), 202);
      location = locationOf(first, client.url);
      for (const [start, end] of [
        [1500, 1999],
        [0, 999],
        [500, 1499],
      ] as const) {
        await expectStatus(await patch(client, location, bytes.subarray(start, end + 1), `${start}-${end}`), 416);
      }
      const status = await expectStatus(await client.call(location), 204);
      expect(status.headers.get('range')).toBe('0-999');
      location = locationOf(status, client.url);
      const second = await expectStatus(await patch(client, location, bytes.subarray(1000), '1000-1999'), 202);
      location = locationOf(second, client.url);
      await expectStatus(await putWhole(client, location, digestOf(bytes), Buffer.alloc(0)), 201);
      await expectServed(client, name, bytes);
    },
  },
  {
    title: 'a first chunk that does not begin at 0 is 416',
    run: async (client) => {
      const location = await startUpload(client, client.name());
      await expectStatus(await patch(client, location, noise(10), '1-10'), 416);
    },
  },
  {
    title: 'a final chunk out of order is 416',
    run: async (client) => {
      const [name, bytes] = [client.name(), noise(2000)];
      const first = await patch(client, await startUpload(client, name), bytes.subarray(0, 1000), '0-999');
      const location = withQuery(locationOf(first, client.url), { digest: digestOf(bytes) });
      const response = await client.call(location, {
        method: 'PUT',
        body: bytes.subarray(1000) as BodyInit,
        headers: { 'content-range': '1100-2099', 'content-type': 'application/octet-stream' },
      });
      await expectStatus(response, 416);
    },
  },
  {
    title: 'a chunk that is not as long as its range is refused, and nothing of it stays',
    run: async (client) => {
      const [name, bytes] = [client.name(), noise(2000)];
      const location = locationOf(
        await patch(client, await startUpload(client, name), bytes.subarray(0, 1000), '0-999'),
        client.url,
      );
      await expectStatus(await patch(client, location, bytes.subarray(1000, 1500), '1000-1999'), 400);
      await expectStatus(await patch(client, location, noise(900), '1000-1099'), 400);
      const status = await expectStatus(await client.call(location), 204);
      expect(status.headers.get('range')).toBe('0-999');
    },
  },
  {
    title: 'an upload can be cancelled, and is gone',
    run: async (client) => {
      const location = await startUpload(client, client.name());
      await expectStatus(await client.call(location, { method: 'DELETE' }), 204);
      await expectStatus(await client.call(location), 404);
      await expectStatus(await patch(client, location, noise()), 404);
    },
  },
  {
    title: 'an upload that nobody began is 404 BLOB_UPLOAD_UNKNOWN',
    run: async (client) => {
      const location = (await startUpload(client, client.name())).replace(/[0-9a-f]{8}-/, '01234567-');
      await expectStatus(await client.call(location), 404);
      await expectStatus(await patch(client, location, noise(10)), 404);
      await expectRefusal(await putWhole(client, location, digestOf(noise()), noise()), 404, 'BLOB_UPLOAD_UNKNOWN');
    },
  },
  {
    title: 'content of another digest is refused (DIGEST_INVALID) and not served',
    run: async (client) => {
      const [name, wrong] = [client.name(), digestOf(noise())];
      const location = await startUpload(client, name);
      await expectRefusal(await putWhole(client, location, wrong, noise()), 400, 'DIGEST_INVALID');
      await expectStatus(await client.call(`${name}/blobs/${wrong}`), 404);
      const path = `${name}/blobs/uploads/?digest=${wrong}`;
      await expectStatus(await client.call(path, { method: 'POST', body: noise() as BodyInit }), 400);
      await expectStatus(await client.call(`${name}/blobs/${wrong}`), 404);
    },
  },
  {
    title: 'a digest that is none, or of an algorithm that is none, is 400',
    run: async (client) => {
      const name = client.name();
      for (const digest of ['sha256:short', 'md5:0123456789abcdef0123456789abcdef', 'nonsense']) {
        const location = await startUpload(client, name);
        await expectRefusal(await putWhole(client, location, digest, noise()), 400, 'DIGEST_INVALID');
      }
    },
  },
  {
    title: 'a PUT without a digest is 400',
    run: async (client) => {
      const location = await startUpload(client, client.name());
      await expectStatus(await client.call(location, { method: 'PUT', body: noise() as BodyInit }), 400);
    },
  },
  {
    title: 'a blob is mounted from another repository',
    run: async (client) => {
      const [from, to, bytes] = [client.name(), client.name(), noise()];
      const digest = await pushBlob(client, from, bytes);
      const path = `${to}/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`;
      const response = await expectStatus(await client.call(path, { method: 'POST' }), 201);
      await expectServed(client, to, bytes, locationOf(response, client.url));
    },
  },
  {
    title: 'what cannot be mounted becomes an upload',
    run: async (client) => {
      const [from, to] = [client.name(), client.name()];
      const there = await pushBlob(client, from, noise());
      const tries = [
        `mount=${digestOf(noise())}&from=${from}`,
        `mount=${there}&from=${client.name()}`,
        // No `from`: what others have is not looked for.
        `mount=${there}`,
      ];
      for (const query of tries) {
        const response = await client.call(`${to}/blobs/uploads/?${query}`, { method: 'POST' });
        const location = locationOf(await expectStatus(response, 202), client.url);
        await expectStatus(await client.call(location), 204);
      }
      await expectStatus(await client.call(`${to}/blobs/${there}`), 404);
    },
  },
  {
    title: 'the same blob may be pushed again',
    run: async (client) => {
      const [name, bytes] = [client.name(), noise()];
      for (let round = 0; round < 2; round++) await pushBlob(client, name, bytes);
      await expectServed(client, name, bytes);
    },
  },
  {
    title: 'an upload of one repository is none of another',
    run: async (client) => {
      const [mine, other] = [client.name(), client.name()];
      const location = (await startUpload(client, mine)).replace(`/${mine}/`, `/${other}/`);
      await expectStatus(await client.call(location), 404);
    },
  },
  {
    title: 'twenty blobs at once are twenty blobs',
    run: async (client) => {
      const parallel = clientOf(client.url);
      const name = client.name();
      const blobs = Array.from({ length: 20 }, () => noise(100_000));
      await Promise.all(blobs.map((bytes) => pushBlob(parallel, name, bytes)));
      for (const bytes of blobs) await expectServed(client, name, bytes);
    },
  },
];
