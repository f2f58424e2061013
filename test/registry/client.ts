/** A bare client of the distribution specification: it sends what it is told to, right or wrong. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'bun:test';

export const MEDIA = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  empty: 'application/vnd.oci.empty.v1+json',
} as const;

const MANIFEST_TYPES = [MEDIA.manifest, MEDIA.index, MEDIA.dockerManifest, MEDIA.dockerList].join(', ');

export const digestOf = (bytes: Uint8Array, algorithm = 'sha256'): string =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;

export const noise = (size = 1000): Buffer => randomBytes(size);
export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

export const descriptor = (mediaType: string, bytes: Uint8Array, algorithm = 'sha256'): Descriptor => ({
  mediaType,
  digest: digestOf(bytes, algorithm),
  size: bytes.length,
});

export type Call = (path: string, init?: RequestInit) => Promise<Response>;

export interface Client {
  url: string;
  /** A name that nobody has used. */
  name(): string;
  /** `path` is below `/v2/`, or a whole URL. */
  call: Call;
}

export function clientOf(url: string): Client {
  return {
    url,
    name: () => `test/${randomUUID().slice(0, 13)}`,
    call: (path, init = {}) =>
      fetch(new URL(path, `${url}/v2/`), {
        redirect: 'manual',
        ...init,
        // docker-registry shows OCI's manifests only to those who ask for them.
        headers: { accept: MANIFEST_TYPES, ...(init.headers as Record<string, string> | undefined) },
      }),
  };
}

/** The status, and what is said with it when that is not the one expected. */
export async function expectStatus(response: Response, ...statuses: number[]): Promise<Response> {
  if (statuses.includes(response.status)) return response;
  throw new Error(`status ${response.status} where ${statuses.join(' or ')} is due: ${await response.text()}`);
}

export async function expectRefusal(response: Response, status: number, code?: string): Promise<void> {
  await expectStatus(response, status);
  if (code === undefined) return;
  const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
  expect(errors.map((error) => error.code)).toContain(code);
}

export async function startUpload({ call, url }: Client, repository: string, query = ''): Promise<string> {
  const started = await expectStatus(await call(`${repository}/blobs/uploads/${query}`, { method: 'POST' }), 202);
  return locationOf(started, url);
}

export function locationOf(response: Response, url: string): string {
  const location = response.headers.get('location');
  expect(location).not.toBeNull();
  return new URL(location ?? '', `${url}/`).href;
}

export function withQuery(location: string, query: Record<string, string>): string {
  const url = new URL(location);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

const OCTETS = { 'content-type': 'application/octet-stream' };

export const putWhole = ({ call }: Client, location: string, digest: string, bytes: Uint8Array): Promise<Response> =>
  call(withQuery(location, { digest }), { method: 'PUT', body: bytes as BodyInit, headers: OCTETS });

export async function pushBlob(client: Client, repository: string, bytes: Uint8Array, algorithm = 'sha256') {
  const query = algorithm === 'sha256' ? '' : `?digest-algorithm=${algorithm}`;
  const location = await startUpload(client, repository, query);
  const digest = digestOf(bytes, algorithm);
  await expectStatus(await putWhole(client, location, digest, bytes), 201);
  return digest;
}

export const patch = ({ call }: Client, location: string, bytes: Uint8Array, range?: string): Promise<Response> =>
  call(location, {
    method: 'PATCH',
    body: bytes as BodyInit,
    headers: { ...OCTETS, ...(range === undefined ? {} : { 'content-range': range }) },
  });

export const putManifest = (
  { call }: Client,
  repository: string,
  reference: string,
  bytes: Uint8Array,
  mediaType: string = MEDIA.manifest,
): Promise<Response> =>
  call(`${repository}/manifests/${reference}`, {
    method: 'PUT',
    body: bytes as BodyInit,
    headers: { 'content-type': mediaType },
  });

/** A manifest whose blobs are pushed. `more` are further fields. */
export async function madeImage(client: Client, repository: string, more: object = {}): Promise<Buffer> {
  const [config, layer] = [json({ random: noise(8).toString('hex') }), noise()];
  for (const blob of [config, layer]) await pushBlob(client, repository, blob);
  return json({
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: descriptor(MEDIA.config, config),
    layers: [descriptor(MEDIA.layer, layer)],
    ...more,
  });
}

export async function pushedImage(client: Client, repository: string, tag: string, more: object = {}): Promise<Buffer> {
  const bytes = await madeImage(client, repository, more);
  await expectStatus(await putManifest(client, repository, tag, bytes), 201);
  return bytes;
}

export async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

/** One promise of the specification. */
export interface Case {
  title: string;
  run(client: Client): Promise<void>;
}
