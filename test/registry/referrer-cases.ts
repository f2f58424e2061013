import { expect } from 'bun:test';
import {
  descriptor,
  digestOf,
  expectStatus,
  json,
  madeImage,
  MEDIA,
  noise,
  pushBlob,
  pushedImage,
  putManifest,
  type Case,
  type Client,
  type Descriptor,
} from './client.ts';

const SBOM = 'application/vnd.example.sbom.v1';
const SIGNATURE = 'application/vnd.example.signature.v1';

/** An artifact about `subject`, pushed by its digest. */
async function pushArtifact(client: Client, name: string, subject: Descriptor, more: object): Promise<Buffer> {
  const empty = json({});
  await pushBlob(client, name, empty);
  const bytes = json({
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: descriptor(MEDIA.empty, empty),
    layers: [descriptor(MEDIA.empty, empty)],
    subject,
    ...more,
  });
  const response = await expectStatus(await putManifest(client, name, digestOf(bytes), bytes), 201);
  expect(response.headers.get('oci-subject')).toBe(subject.digest);
  return bytes;
}

interface Referrers {
  manifests: (Descriptor & { artifactType?: string; annotations?: Record<string, string> })[];
  filtered: string | null;
}

async function referrers(client: Client, name: string, digest: string, query = ''): Promise<Referrers> {
  const response = await expectStatus(await client.call(`${name}/referrers/${digest}${query}`), 200);
  expect(response.headers.get('content-type')).toBe(MEDIA.index);
  const index = (await response.json()) as { schemaVersion: number; mediaType: string } & Referrers;
  expect({ version: index.schemaVersion, type: index.mediaType }).toEqual({ version: 2, type: MEDIA.index });
  return { manifests: index.manifests, filtered: response.headers.get('oci-filters-applied') };
}

/** Distribution-spec, "Listing Referrers" and "Pushing Manifests with Subject". */
export const REFERRER_CASES: readonly Case[] = [
  {
    title: 'what refers to a manifest is listed with its artifact type and annotations',
    run: async (client) => {
      const name = client.name();
      const subject = descriptor(MEDIA.manifest, await pushedImage(client, name, 'one'));
      const annotations = { 'org.example.format': 'json' };
      const bytes = await pushArtifact(client, name, subject, { artifactType: SBOM, annotations });
      const { manifests } = await referrers(client, name, subject.digest);
      expect(manifests).toEqual([{ ...descriptor(MEDIA.manifest, bytes), artifactType: SBOM, annotations }]);
    },
  },
  {
    title: 'without an artifact type of its own, an image is listed with that of its config',
    run: async (client) => {
      const name = client.name();
      const subject = descriptor(MEDIA.manifest, await pushedImage(client, name, 'one'));
      await pushArtifact(client, name, subject, {});
      const { manifests } = await referrers(client, name, subject.digest);
      expect(manifests.map(({ artifactType }) => artifactType)).toEqual([MEDIA.empty]);
    },
  },
  {
    title: 'an index may refer, too; without an artifact type it is listed without one',
    run: async (client) => {
      const name = client.name();
      const image = descriptor(MEDIA.manifest, await pushedImage(client, name, 'one'));
      const index = (more: object) =>
        json({ schemaVersion: 2, mediaType: MEDIA.index, manifests: [image], subject: image, ...more });
      for (const more of [{}, { artifactType: SBOM }]) {
        const bytes = index(more);
        const response = await putManifest(client, name, digestOf(bytes), bytes, MEDIA.index);
        expect((await expectStatus(response, 201)).headers.get('oci-subject')).toBe(image.digest);
      }
      const { manifests } = await referrers(client, name, image.digest);
      expect(manifests.map(({ artifactType }) => artifactType ?? 'none').sort()).toEqual([SBOM, 'none'].sort());
    },
  },
  {
    title: 'the subject may come later, or never',
    run: async (client) => {
      const name = client.name();
      const image = await madeImage(client, name);
      const subject = descriptor(MEDIA.manifest, image);
      const artifact = await pushArtifact(client, name, subject, { artifactType: SBOM });
      expect((await referrers(client, name, subject.digest)).manifests.length).toBe(1);
      await expectStatus(await putManifest(client, name, 'one', image), 201);
      const { manifests } = await referrers(client, name, subject.digest);
      expect(manifests.map(({ digest }) => digest)).toEqual([digestOf(artifact)]);
    },
  },
  {
    title: 'a filter by artifact type is applied, and said to be',
    run: async (client) => {
      const name = client.name();
      const subject = descriptor(MEDIA.manifest, await pushedImage(client, name, 'one'));
      for (const artifactType of [SBOM, SIGNATURE, SIGNATURE]) {
        await pushArtifact(client, name, subject, { artifactType, annotations: { random: digestOf(noise()) } });
      }
      expect((await referrers(client, name, subject.digest)).manifests.length).toBe(3);
      const query = `?artifactType=${encodeURIComponent(SIGNATURE)}`;
      const { manifests, filtered } = await referrers(client, name, subject.digest, query);
      expect(filtered).toBe('artifactType');
      expect(manifests.map(({ artifactType }) => artifactType)).toEqual([SIGNATURE, SIGNATURE]);
      expect((await referrers(client, name, subject.digest, '?artifactType=none')).manifests).toEqual([]);
    },
  },
  {
    title: 'nothing refers to it: an empty index, never 404',
    run: async (client) => {
      const name = client.name();
      await pushedImage(client, name, 'one');
      expect((await referrers(client, name, digestOf(noise()))).manifests).toEqual([]);
      expect((await referrers(client, client.name(), digestOf(noise()))).manifests).toEqual([]);
    },
  },
  {
    title: 'a digest that is none is 400',
    run: async (client) => {
      const name = client.name();
      await pushedImage(client, name, 'one');
      for (const digest of ['sha256:short', 'nonsense', 'md5:0123456789abcdef0123456789abcdef']) {
        await expectStatus(await client.call(`${name}/referrers/${digest}`), 400);
      }
    },
  },
  {
    title: 'a deleted referrer is listed no more; those of a deleted subject are',
    run: async (client) => {
      const name = client.name();
      const subject = descriptor(MEDIA.manifest, await pushedImage(client, name, 'one'));
      const [first, second] = [
        await pushArtifact(client, name, subject, { artifactType: SBOM }),
        await pushArtifact(client, name, subject, { artifactType: SIGNATURE }),
      ];
      await expectStatus(await client.call(`${name}/manifests/${digestOf(first)}`, { method: 'DELETE' }), 202);
      const left = async () => (await referrers(client, name, subject.digest)).manifests.map(({ digest }) => digest);
      expect(await left()).toEqual([digestOf(second)]);
      await expectStatus(await client.call(`${name}/manifests/${subject.digest}`, { method: 'DELETE' }), 202);
      expect(await left()).toEqual([digestOf(second)]);
    },
  },
  {
    title: 'those of another repository are not listed',
    run: async (client) => {
      const [name, other] = [client.name(), client.name()];
      const subject = descriptor(MEDIA.manifest, await pushedImage(client, name, 'one'));
      await pushArtifact(client, other, subject, { artifactType: SBOM });
      expect((await referrers(client, name, subject.digest)).manifests).toEqual([]);
    },
  },
];
