/** Archives of images as nobody honest would write them, from a seed; digests are right again where it is the content that is not. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { digestOf } from '#store/digest.ts';
import { tar, type TarItem } from '#store/testing/tar-writer.ts';
import type { Random } from '#test/seccomp/profiles.ts';
import { damaged, mutated } from './mutate.ts';

/** What must never come into being, wherever a path may lead. */
export const ESCAPE = 'sampan-fuzz-escape';

const NAMES = [
  'a',
  'dir',
  'dir/file',
  'dir/../../up',
  `../${ESCAPE}`,
  `../../../../../../../../${ESCAPE}`,
  `/${ESCAPE}`,
  `link/${ESCAPE}`,
  `dir/link/${ESCAPE}`,
  'link',
  'dir/link',
  '.',
  './',
  '..',
  '.wh.a',
  '.wh.dir',
  '.wh..',
  '.wh...',
  '.wh.',
  'dir/.wh..wh..opq',
  '.wh..wh..opq',
  '.wh..wh.plnk',
  'proc/self/exe',
  `${'x'.repeat(99)}`,
  '\xff\xfe',
];
const TARGETS = ['a', 'dir', '/', '/etc', '..', '../..', '../../../../tmp', '/proc/self/root', 'link', '', '\xff'];
const TYPES = [
  '0',
  '0',
  '0',
  '1',
  '2',
  '2',
  '3',
  '4',
  '5',
  '5',
  '6',
  '7',
  'S',
  'x',
  'g',
  'L',
  'K',
  'V',
  'M',
  'Z',
  '\0',
];
const PAX: readonly Readonly<Record<string, string>>[] = [
  { path: `../../${ESCAPE}` },
  { path: `/${ESCAPE}` },
  { linkpath: '/etc/passwd' },
  { size: '99999999999999' },
  { size: '-1' },
  { mtime: '-99999999999.999999999' },
  { mtime: '1e99' },
  { uid: '4294967295' },
  { uid: '99999999999999999999' },
  { 'SCHILY.xattr.trusted.overlay.opaque': 'y' },
  { 'SCHILY.xattr.trusted.overlay.redirect': '/etc' },
  { 'SCHILY.xattr.security.capability': 'x'.repeat(100) },
  { 'SCHILY.xattr.user.x': 'v'.repeat(70_000) },
  { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '1000000000000' },
  { 'GNU.sparse.map': '0,1,1000000000000,1', 'GNU.sparse.size': '5' },
  { 'GNU.sparse.map': `0${',9'.repeat(2000)}`, 'GNU.sparse.size': '99999999999999' },
  { comment: 'x'.repeat(60_000) },
];

const one = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T;

function hostileItem(random: Random): TarItem {
  const type = one(random, TYPES);
  return {
    name: one(random, NAMES),
    type,
    mode: random(8) === 0 ? 0o7777 : 0o644,
    ...(type === '1' || type === '2' ? { link: one(random, TARGETS) } : {}),
    ...(type === '0' || random(6) === 0 ? { content: 'c'.repeat(random(2000)) } : {}),
    ...(random(12) === 0 ? { size: one(random, [0, 1, 511, 2 ** 33 - 1, 2 ** 31]) } : {}),
    ...(random(4) === 0 ? { pax: one(random, PAX) } : {}),
    ...(random(16) === 0 ? { prefix: one(random, NAMES) } : {}),
    ...(type === '3' || type === '4' ? { major: random(300), minor: random(300) } : {}),
  };
}

/** A layer's archive: a link that leads out, and whatever wants to go through it. */
export function hostileTar(random: Random): Buffer {
  const items = Array.from({ length: 1 + random(12) }, () => hostileItem(random));
  const link: TarItem[] =
    random(2) === 0 ? [{ name: one(random, ['link', 'dir/link']), type: '2', link: one(random, TARGETS) }] : [];
  const archive = tar(...link, ...items);
  return random(4) === 0 ? spoiledBytes(archive, random) : archive;
}

/** A few bytes changed, cut, doubled or put elsewhere. */
export function spoiledBytes(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  const at = random(copy.length + 1);
  const choices: (() => Buffer)[] = [
    () => copy.subarray(0, at),
    () => Buffer.concat([copy.subarray(0, at), copy.subarray(at + random(600))]),
    () => Buffer.concat([copy.subarray(0, at), copy.subarray(Math.max(0, at - random(600)))]),
    () => {
      for (let left = 1 + random(20); left > 0; left -= 1) copy[random(copy.length)] = random(256);
      return copy;
    },
    () => Buffer.concat([copy, Buffer.alloc(random(2000), random(256))]),
  ];
  return one(random, choices)();
}

const COMPRESSIONS: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
  ['application/vnd.oci.image.layer.v1.tar', (bytes) => bytes],
  ['application/vnd.oci.image.layer.v1.tar+gzip', (bytes) => gzipSync(bytes)],
  ['application/vnd.oci.image.layer.v1.tar+zstd', (bytes) => zstdCompressSync(bytes)],
];

interface Document {
  bytes: Buffer;
  /** Something in it was changed. */
  json: unknown;
}

function document(value: unknown, random: Random, one_in: number): Document {
  const json = random(one_in) === 0 ? mutated(value, random) : value;
  const text = JSON.stringify(json) ?? '';
  return { bytes: Buffer.from(random(one_in * 4) === 0 ? damaged(text, random) : text), json };
}

export interface HostileImage {
  manifest: Buffer;
  config: Buffer;
  layers: { digest: string; blob: Buffer }[];
}

/** Everything fits together by digest, but for what was changed. */
export function hostileImage(random: Random): HostileImage {
  const layers = Array.from({ length: 1 + random(3) }, () => {
    const archive = random(3) === 0 ? tar({ name: 'plain', content: 'plain' }) : hostileTar(random);
    const [mediaType, compress] = one(random, COMPRESSIONS);
    const packed = compress(archive);
    const blob = random(6) === 0 ? spoiledBytes(packed, random) : packed;
    return { archive, mediaType, blob, digest: digestOf(blob) };
  });
  const config = document(
    {
      created: '2026-01-02T03:04:05Z',
      architecture: 'amd64',
      os: 'linux',
      config: { Env: ['PATH=/bin'], Cmd: ['/bin/sh'], Labels: { a: 'b' }, Volumes: { '/v': {} } },
      rootfs: { type: 'layers', diff_ids: layers.map(({ archive }) => digestOf(archive)) },
    },
    random,
    3,
  );
  const manifest = document(
    {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: digestOf(config.bytes),
        size: config.bytes.length,
      },
      layers: layers.map(({ mediaType, blob, digest }) => ({ mediaType, digest, size: blob.length })),
    },
    random,
    3,
  );
  return { manifest: manifest.bytes, config: config.bytes, layers };
}

/** An oci-archive or a docker-archive of a hostile image, whole or damaged, plain or compressed. */
export function hostileArchive(random: Random): Buffer {
  const image = hostileImage(random);
  const archive = tar(...(random(2) === 0 ? layout(image, random) : docker(image, random)));
  const packed = random(4) === 0 ? one(random, COMPRESSIONS)[1](archive) : archive;
  return random(4) === 0 ? spoiledBytes(packed, random) : packed;
}

function layout({ manifest, config, layers }: HostileImage, random: Random): TarItem[] {
  const index = document(
    {
      schemaVersion: 2,
      manifests: [
        {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: digestOf(manifest),
          size: manifest.length,
          annotations: { 'io.containerd.image.name': 'docker.io/library/fuzz:1' },
        },
      ],
    },
    random,
    3,
  );
  const blobs = [manifest, config, ...layers.map(({ blob }) => blob)];
  return [
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: index.bytes },
    ...blobs.map((content) => ({ name: `blobs/sha256/${digestOf(content).slice(7)}`, content })),
    ...(random(4) === 0 ? [hostileItem(random)] : []),
  ];
}

function docker({ config, layers }: HostileImage, random: Random): TarItem[] {
  const list = document(
    [{ Config: 'conf.json', RepoTags: ['fuzz:1'], Layers: layers.map((_, at) => `${at}/layer.tar`) }],
    random,
    3,
  );
  return [
    { name: 'manifest.json', content: list.bytes },
    { name: 'conf.json', content: config },
    ...layers.map(({ blob }, at) => ({ name: `${at}/layer.tar`, content: blob })),
    ...(random(4) === 0 ? [hostileItem(random)] : []),
  ];
}
