/** Content of several platforms for the tests of indexes: images, an attestation, a nested index, an artifact. */
import { busyboxImage } from '#tools/image/busybox.ts';
import { makeImage, MEDIA, sha256, type OciImage } from '#tools/image/oci-image.ts';
import { pushImage } from '#tools/image/push.ts';
import { packTree } from '#tools/image/pack.ts';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const EMPTY = json({});
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';

/** An image for another architecture: one small layer, no program that would run here. */
export function foreignImage(architecture: string): OciImage {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-foreign-'));
  try {
    mkdirSync(join(directory, 'tree'));
    writeFileSync(join(directory, 'tree', 'architecture'), `${architecture}\n`);
    return makeImage([packTree(join(directory, 'tree'))], { Cmd: ['/none'] }, architecture);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What buildkit puts beside an image: a manifest that no platform runs. */
export function attestation(subject: OciImage): OciImage {
  const statement = json({ _type: 'https://in-toto.io/Statement/v0.1', subject: [] });
  const config = json({
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: [sha256(statement)] },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: { mediaType: MEDIA.config, digest: sha256(config), size: config.length },
    layers: [{ mediaType: 'application/vnd.in-toto+json', digest: sha256(statement), size: statement.length }],
  });
  const manifestDescriptor = {
    mediaType: MEDIA.manifest,
    digest: sha256(manifest),
    size: manifest.length,
    platform: { architecture: 'unknown', os: 'unknown' },
    annotations: {
      'vnd.docker.reference.digest': subject.manifestDescriptor.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
  };
  return { blobs: new Map([config, statement].map((bytes) => [sha256(bytes), bytes])), manifest, manifestDescriptor };
}

/** An artifact of the image specification 1.1: the empty configuration, a subject, annotations. */
export function artifact(subject: OciImage): OciImage {
  const layer = json({ components: ['sampan'] });
  const { mediaType, digest, size } = subject.manifestDescriptor;
  const manifest = json({
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    artifactType: 'application/vnd.example.sbom.v1+json',
    config: { mediaType: EMPTY_TYPE, digest: sha256(EMPTY), size: EMPTY.length },
    layers: [{ mediaType: 'application/vnd.example.sbom.v1+json', digest: sha256(layer), size: layer.length }],
    subject: { mediaType, digest, size },
    annotations: { 'org.example.note': 'kept byte by byte' },
  });
  const manifestDescriptor = { mediaType: MEDIA.manifest, digest: sha256(manifest), size: manifest.length };
  return { blobs: new Map([EMPTY, layer].map((bytes) => [sha256(bytes), bytes])), manifest, manifestDescriptor };
}

export interface Multi {
  /** Digest of the index. */
  digest: string;
  host: OciImage;
  arm: OciImage;
  riscv: OciImage;
  note: OciImage;
}

/** Puts `name:tag` in a registry: this machine's image, arm64, an attestation, and riscv64, within an index of its own if `nested`. */
export async function pushMulti(url: string, name: string, tag: string, nested = true): Promise<Multi> {
  const host = busyboxImage();
  const [arm, riscv] = [foreignImage('arm64'), foreignImage('riscv64')];
  const note = attestation(host);
  for (const image of [host, arm, note, riscv]) await pushImage(url, name, image.manifestDescriptor.digest, image);
  const inner = index([riscv.manifestDescriptor]);
  if (nested) await putIndex(url, name, sha256(inner), inner);
  const innerDescriptor = { mediaType: MEDIA.index, digest: sha256(inner), size: inner.length };
  const outer = index([
    host.manifestDescriptor,
    arm.manifestDescriptor,
    note.manifestDescriptor,
    nested ? innerDescriptor : riscv.manifestDescriptor,
  ]);
  await putIndex(url, name, tag, outer);
  return { digest: sha256(outer), host, arm, riscv, note };
}

export function index(manifests: readonly object[]): Uint8Array {
  return json({ schemaVersion: 2, mediaType: MEDIA.index, manifests, annotations: { 'org.example.index': 'kept' } });
}

export async function putIndex(url: string, name: string, reference: string, bytes: Uint8Array): Promise<void> {
  const reply = await fetch(`${url}/v2/${name}/manifests/${reference}`, {
    method: 'PUT',
    body: bytes as BodyInit,
    headers: { 'content-type': MEDIA.index },
  });
  if (reply.status !== 201) throw new Error(`put the index: ${reply.status} ${await reply.text()}`);
}

/** The digest that a registry serves a manifest under. */
export async function servedDigest(url: string, name: string, reference: string): Promise<string | null> {
  const accept = [
    MEDIA.index,
    MEDIA.manifest,
    'application/vnd.docker.distribution.manifest.v2+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
  ];
  const reply = await fetch(`${url}/v2/${name}/manifests/${reference}`, { headers: { Accept: accept.join(', ') } });
  const bytes = new Uint8Array(await reply.arrayBuffer());
  return reply.status === 200 ? sha256(bytes) : null;
}
