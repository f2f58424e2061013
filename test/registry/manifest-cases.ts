import { expect } from 'bun:test';
import {
  bytesOf,
  descriptor,
  digestOf,
  expectRefusal,
  expectStatus,
  json,
  locationOf,
  madeImage,
  MEDIA,
  noise,
  pushBlob,
  pushedImage,
  putManifest,
  type Case,
} from './client.ts';

/** Distribution-spec, "Pushing Manifests". */
export const MANIFEST_CASES: readonly Case[] = [
  {
    title: 'PUT by tag gives a location to pull from, and the digest',
    run: async (client) => {
      const name = client.name();
      const bytes = await madeImage(client, name);
      const response = await expectStatus(await putManifest(client, name, 'latest', bytes), 201);
      expect(response.headers.get('docker-content-digest')).toBe(digestOf(bytes));
      const served = await expectStatus(await client.call(locationOf(response, client.url)), 200);
      expect((await bytesOf(served)).equals(bytes)).toBe(true);
    },
  },
  {
    title: 'PUT by digest needs no tag, and needs to be of that digest',
    run: async (client) => {
      const name = client.name();
      const bytes = await madeImage(client, name);
      await expectStatus(await putManifest(client, name, digestOf(bytes), bytes), 201);
      await expectStatus(await client.call(`${name}/manifests/${digestOf(bytes)}`), 200);
      await expectRefusal(await putManifest(client, name, digestOf(noise()), bytes), 400, 'DIGEST_INVALID');
    },
  },
  {
    title: 'a tag moves to what was pushed last; what it named before stays by its digest',
    run: async (client) => {
      const name = client.name();
      const first = await pushedImage(client, name, 'latest');
      const second = await pushedImage(client, name, 'latest');
      const response = await client.call(`${name}/manifests/latest`);
      expect(response.headers.get('docker-content-digest')).toBe(digestOf(second));
      await expectStatus(await client.call(`${name}/manifests/${digestOf(first)}`), 200);
    },
  },
  {
    title: 'the media types of OCI and of Docker come back as they were pushed',
    run: async (client) => {
      const name = client.name();
      const oci = await pushedImage(client, name, 'image');
      const docker = Buffer.from(oci.toString().replace(MEDIA.manifest, MEDIA.dockerManifest));
      await expectStatus(await putManifest(client, name, 'docker', docker, MEDIA.dockerManifest), 201);
      const lists = [
        [MEDIA.index, MEDIA.manifest, oci],
        [MEDIA.dockerList, MEDIA.dockerManifest, docker],
      ] as const;
      for (const [listType, type, image] of lists) {
        const entry = { ...descriptor(type, image), platform: { architecture: 'amd64', os: 'linux' } };
        const list = json({ schemaVersion: 2, mediaType: listType, manifests: [entry] });
        await expectStatus(await putManifest(client, name, 'list', list, listType), 201);
        const served = await client.call(`${name}/manifests/list`, { headers: { accept: listType } });
        expect(served.headers.get('content-type')).toBe(listType);
        expect((await bytesOf(served)).equals(list)).toBe(true);
      }
      const served = await client.call(`${name}/manifests/docker`, { headers: { accept: MEDIA.dockerManifest } });
      expect(served.headers.get('content-type')).toBe(MEDIA.dockerManifest);
    },
  },
  {
    title: 'an OCI manifest without a mediaType of its own is what it was sent as',
    run: async (client) => {
      const name = client.name();
      const { mediaType: _, ...rest } = JSON.parse((await madeImage(client, name)).toString()) as Record<
        string,
        unknown
      >;
      await expectStatus(await putManifest(client, name, 'plain', json(rest)), 201);
      const served = await client.call(`${name}/manifests/plain`);
      expect(served.headers.get('content-type')).toBe(MEDIA.manifest);
    },
  },
  {
    title: 'parameters of the Content-Type are ignored',
    run: async (client) => {
      const name = client.name();
      const bytes = await madeImage(client, name);
      await expectStatus(await putManifest(client, name, 'one', bytes, `${MEDIA.manifest}; charset=utf-8`), 201);
      expect((await client.call(`${name}/manifests/one`)).headers.get('content-type')).toBe(MEDIA.manifest);
    },
  },
  {
    title: 'a manifest whose blobs are not there is refused with MANIFEST_BLOB_UNKNOWN',
    run: async (client) => {
      const name = client.name();
      await pushedImage(client, name, 'other');
      const foreign = await madeImage(client, client.name());
      const response = await putManifest(client, name, 'one', foreign);
      expect([400, 404]).toContain(response.status);
      await expectRefusal(response, response.status, 'MANIFEST_BLOB_UNKNOWN');
      await expectStatus(await client.call(`${name}/manifests/one`), 404);
    },
  },
  {
    title: 'so is an index whose manifests are not there',
    run: async (client) => {
      const name = client.name();
      await pushedImage(client, name, 'other');
      const index = json({
        schemaVersion: 2,
        mediaType: MEDIA.index,
        manifests: [descriptor(MEDIA.manifest, noise())],
      });
      const response = await putManifest(client, name, 'one', index, MEDIA.index);
      expect([400, 404]).toContain(response.status);
      await expectRefusal(response, response.status, 'MANIFEST_BLOB_UNKNOWN');
    },
  },
  {
    title: 'a layer that registries may not hand out need not be there',
    run: async (client) => {
      const [name, config] = [client.name(), json({})];
      await pushBlob(client, name, config);
      const layer = {
        ...descriptor('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', noise()),
        urls: ['https://example.com/layer'],
      };
      const bytes = json({
        schemaVersion: 2,
        mediaType: MEDIA.dockerManifest,
        config: descriptor('application/vnd.docker.container.image.v1+json', config),
        layers: [layer],
      });
      await expectStatus(await putManifest(client, name, 'one', bytes, MEDIA.dockerManifest), 201);
    },
  },
  {
    title: 'what is no manifest is refused with MANIFEST_INVALID',
    run: async (client) => {
      const name = client.name();
      const image = JSON.parse((await madeImage(client, name)).toString()) as Record<string, unknown>;
      const wrong: [Buffer, string][] = [
        [Buffer.from('not JSON'), MEDIA.manifest],
        [json([]), MEDIA.manifest],
        [json(image), MEDIA.index],
        [json({ ...image, schemaVersion: 1 }), MEDIA.manifest],
        [json(image), 'text/plain'],
      ];
      for (const [bytes, type] of wrong) {
        const response = await putManifest(client, name, 'one', bytes, type);
        await expectRefusal(response, 400, 'MANIFEST_INVALID');
      }
      await expectStatus(await client.call(`${name}/manifests/one`), 404);
    },
  },
  {
    title: 'descriptors that are none are refused with MANIFEST_INVALID',
    run: async (client) => {
      const name = client.name();
      const image = JSON.parse((await madeImage(client, name)).toString()) as { config: object; layers: object[] };
      const parts = [
        { config: undefined },
        { config: { ...image.config, digest: 'sha256:short' } },
        { config: { ...image.config, size: -1 } },
        { layers: 'none' },
        { layers: [{ ...image.layers[0], size: 'large' }] },
        { layers: [null] },
        { annotations: { one: 1 } },
        { subject: { digest: 'x' } },
      ];
      for (const part of parts) {
        const response = await putManifest(client, name, 'one', json({ ...image, ...part }));
        await expectRefusal(response, 400, 'MANIFEST_INVALID');
      }
    },
  },
  {
    title: 'a manifest of 4 MB is taken, a larger one is 413',
    run: async (client) => {
      const name = client.name();
      const limit = 4 * 1024 * 1024;
      const room = limit - (await madeImage(client, name, { annotations: { filling: '' } })).length;
      const largest = await madeImage(client, name, { annotations: { filling: 'x'.repeat(room) } });
      expect(largest.length).toBe(limit);
      await expectStatus(await putManifest(client, name, 'largest', largest), 201);
      await expectStatus(await putManifest(client, name, 'larger', Buffer.concat([largest, Buffer.from(' ')])), 413);
      await expectStatus(await client.call(`${name}/manifests/larger`), 404);
    },
  },
  {
    title: 'tags beside a digest: all of them are told in OCI-Tag, and name it',
    run: async (client) => {
      const name = client.name();
      const bytes = await madeImage(client, name);
      const tags = Array.from({ length: 10 }, (_, index) => `v${index}`);
      const query = tags.map((tag) => `tag=${tag}`).join('&');
      const response = await expectStatus(await putManifest(client, name, `${digestOf(bytes)}?${query}`, bytes), 201);
      expect(response.headers.get('oci-tag')?.split(/,\s*/)).toEqual(tags);
      for (const tag of tags) {
        const served = await expectStatus(await client.call(`${name}/manifests/${tag}`, { method: 'HEAD' }), 200);
        expect(served.headers.get('docker-content-digest')).toBe(digestOf(bytes));
      }
    },
  },
  {
    title: 'a tag of 128 characters is one, and one of 129 is none',
    run: async (client) => {
      const name = client.name();
      const bytes = await madeImage(client, name);
      await expectStatus(await putManifest(client, name, 't'.repeat(128), bytes), 201);
      for (const tag of ['t'.repeat(129), '.hidden', '-x', 'a!b']) {
        const response = await putManifest(client, name, tag, bytes);
        expect([400, 404]).toContain(response.status);
      }
    },
  },
];
