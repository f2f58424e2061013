import { expect, test } from 'bun:test';
import { Fault, sentence } from '#base/fault.ts';
import { digestOf, type Digest } from '#store/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '#store/registry/media-types.ts';
import { gzipLayer, testImage, testIndex } from '#store/testing/test-image.ts';
import { manifestFor } from './choose.ts';
import { convertGraph } from './convert.ts';
import { checkedDocument, descriptorOf, documentOf, type Document, type DocumentSource } from './document.ts';
import { readGraph } from './graph.ts';

const AMD = { os: 'linux', architecture: 'amd64' };
const image = testImage([gzipLayer({ name: 'a', content: 'a' })]);
const arm = testImage([gzipLayer({ name: 'b', content: 'b' })], { config: { architecture: 'arm64' } });
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Documents by digest; one that is asked for and not there fails the test. */
function source(...documents: readonly Buffer[]): DocumentSource {
  const known = new Map(documents.map((bytes) => [digestOf(bytes), bytes]));
  return {
    document: (descriptor) => {
      const bytes = known.get(descriptor.digest);
      if (bytes === undefined) throw new Error(`${descriptor.digest} was asked for`);
      return Promise.resolve(checkedDocument(bytes, descriptor));
    },
  };
}
const index = (manifests: readonly object[], more: object = {}): Document =>
  documentOf(json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests, ...more }));
const entry = (bytes: Buffer, more: object = {}): object => ({ ...descriptorOf(documentOf(bytes)), ...more });

async function fault(work: Promise<unknown>): Promise<Fault> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Fault);
  return error as Fault;
}

test('A graph has each document once, what is led to first, and each blob once', async () => {
  const inner = index([entry(arm.manifest, { platform: { os: 'linux', architecture: 'arm64' } })]);
  const root = index([
    entry(image.manifest, { platform: AMD }),
    entry(image.manifest, { platform: AMD }),
    descriptorOf(inner),
    entry(arm.manifest),
  ]);
  const graph = await readGraph(root, source(image.manifest, arm.manifest, inner.bytes));
  expect(graph.rootKind).toBe('index');
  expect(graph.documents.map(({ digest }) => digest)).toEqual([
    image.manifestDigest,
    arm.manifestDigest,
    inner.digest,
    root.digest,
  ]);
  expect(graph.blobs.length).toBe(4);
  expect(graph.images.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64']);
});

test('Indexes that are too deep, too wide, too large or not what they say are refused before anything is fetched for them', async () => {
  let deep = index([entry(image.manifest)]);
  const all = [image.manifest];
  for (let depth = 0; depth < 5; depth++) {
    all.push(deep.bytes);
    deep = index([descriptorOf(deep)]);
  }
  const many = (count: number): object[] =>
    Array.from({ length: count }, (_, at) => ({ mediaType: OCI_MANIFEST, digest: digestOf(String(at)), size: 10 }));
  const cases: [Document, DocumentSource, RegExp][] = [
    [deep, source(...all), /too deep/],
    [index(many(100_000)), source(), /more than 1000 documents/],
    [index([{ mediaType: OCI_MANIFEST, digest: digestOf('x'), size: 1e12 }]), source(), /has 1000000000000 bytes/],
    [index(many(100).map((one) => ({ ...one, size: 4e6 }))), source(), /more than 67108864 bytes/],
    [index([{ ...entry(image.manifest), size: 7 }]), source(image.manifest), /verify the document/],
    [index([{ ...entry(image.manifest), size: -1 }]), source(), /not a size/],
    [index([{ ...entry(image.manifest), digest: `sha256:${'A'.repeat(64)}` }]), source(), /not a sha256 or sha512/],
    [index([{ ...entry(image.manifest), digest: `md5:${'a'.repeat(32)}` }]), source(), /not a sha256 or sha512/],
    [index([{ ...entry(image.manifest), digest: '../../etc/passwd' }]), source(), /not a sha256 or sha512/],
    [index([entry(image.manifest)], { layers: [] }), source(image.manifest), /an index and an image at once/],
    [documentOf(json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: {} })), source(), /not a list/],
  ];
  for (const [root, from, words] of cases) {
    const error = await fault(readGraph(root, from));
    expect(error.kind).toBe('corrupt');
    expect(sentence(error)).toMatch(words);
  }
});

test('A source that gives an index for one of its own entries is found out', async () => {
  const target = `sha256:${'1'.repeat(64)}` as Digest;
  const root = index([{ mediaType: OCI_INDEX, digest: target, size: 100 }]);
  const lying: DocumentSource = { document: (descriptor) => Promise.resolve(checkedDocument(root.bytes, descriptor)) };
  expect((await fault(readGraph(root, lying))).kind).toBe('corrupt');
  expect((await fault(manifestFor(root, lying, AMD))).kind).toBe('corrupt');
});

test('A blob of two sizes is refused', async () => {
  const other = json({
    ...(JSON.parse(image.manifest.toString()) as object),
    layers: [{ mediaType: 'x', digest: digestOf(image.layers[0]?.blob ?? ''), size: 5 }],
  });
  const root = index([entry(image.manifest), entry(other)]);
  expect(sentence(await fault(readGraph(root, source(image.manifest, other))))).toMatch(/by another/);
});

test('The image for a platform is looked for in inner indexes last, and what there is is said', async () => {
  const inner = index([entry(arm.manifest, { platform: { os: 'linux', architecture: 'arm64' } })]);
  const root = index([entry(image.manifest, { platform: AMD }), descriptorOf(inner)]);
  const from = source(image.manifest, arm.manifest, inner.bytes);
  expect((await manifestFor(root, from, AMD)).digest).toBe(image.manifestDigest);
  expect((await manifestFor(root, from, { os: 'linux', architecture: 'arm64' })).digest).toBe(arm.manifestDigest);
  const error = await fault(manifestFor(root, from, { os: 'linux', architecture: 's390x' }));
  expect(error).toMatchObject({ kind: 'unsupported' });
  expect(sentence(error)).toContain('linux/amd64');
});

test('Indexes within indexes are looked into once each, and not without an end', async () => {
  let asked = 0;
  const all: Buffer[] = [];
  const counted: DocumentSource = {
    document: (descriptor) => {
      asked += 1;
      return source(...all).document(descriptor);
    },
  };
  const S390X = { os: 'linux', architecture: 's390x' };
  let root = index([entry(arm.manifest, { platform: { os: 'linux', architecture: 'arm64' } })]);
  for (let depth = 0; depth < 3; depth++) {
    all.push(root.bytes);
    const inner = descriptorOf(root);
    root = index(Array.from({ length: 20 }, () => inner));
  }
  expect(await fault(manifestFor(root, counted, S390X))).toMatchObject({ kind: 'unsupported' });
  expect(asked).toBe(3);
  const wide = Array.from({ length: 500 }, (_, at) => index([], { annotations: { at: String(at) } }));
  all.push(...wide.map(({ bytes }) => bytes));
  asked = 0;
  await fault(manifestFor(index(wide.map(descriptorOf)), counted, S390X));
  expect(asked).toBe(20);
});

test('Converted there and back a graph is what it was, as far as both formats can say it', async () => {
  const root = documentOf(testIndex([{ image, platform: AMD }]));
  const graph = await readGraph(root, source(image.manifest));
  expect(convertGraph(graph, 'oci')).toBe(graph);
  const docker = convertGraph(graph, 'v2s2');
  expect(docker.root.mediaType).toContain('manifest.list');
  expect(docker.blobs).toEqual(graph.blobs);
  const [entryOfList] = (JSON.parse(docker.root.bytes.toString()) as { manifests: { digest: string; size: number }[] })
    .manifests;
  expect(entryOfList).toMatchObject({ digest: docker.documents[0]?.digest, size: docker.documents[0]?.bytes.length });
  expect(convertGraph(docker, 'oci').root.digest).toBe(root.digest);
  const zstd = json({
    ...(JSON.parse(image.manifest.toString()) as object),
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', digest: digestOf('z'), size: 1 }],
  });
  const withZstd = await readGraph(documentOf(zstd), source());
  expect(() => convertGraph(withZstd, 'v2s2')).toThrow('zstd');
});
