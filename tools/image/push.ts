/** Pushes an image to a registry on loopback: blobs by POST and PUT, then the manifest (OCI distribution, "Push"). */
import { type OciImage, MEDIA, makeIndex } from '#tools/image/oci-image.ts';

async function expect(response: Response, doing: string, ...statuses: number[]): Promise<Response> {
  if (statuses.includes(response.status)) return response;
  throw new Error(`${doing}: status ${response.status}: ${await response.text()}`);
}

async function pushBlob(repository: string, digest: string, bytes: Uint8Array): Promise<void> {
  const head = await fetch(`${repository}/blobs/${digest}`, { method: 'HEAD' });
  if (head.status === 200) return;
  const started = await expect(await fetch(`${repository}/blobs/uploads/`, { method: 'POST' }), 'start an upload', 202);
  const location = new URL(started.headers.get('location') ?? '', repository);
  location.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  await expect(await fetch(location, { method: 'PUT', body: bytes as BodyInit, headers }), `upload ${digest}`, 201);
}

async function pushManifest(
  repository: string,
  reference: string,
  mediaType: string,
  bytes: Uint8Array,
): Promise<void> {
  const url = `${repository}/manifests/${reference}`;
  const response = await fetch(url, { method: 'PUT', body: bytes as BodyInit, headers: { 'content-type': mediaType } });
  await expect(response, `put manifest ${reference}`, 201);
}

/** Pushes `image` as `name:tag`; `url` is the registry's, without a path. */
export async function pushImage(url: string, name: string, tag: string, image: OciImage): Promise<void> {
  const repository = `${url}/v2/${name}`;
  for (const [digest, bytes] of image.blobs) await pushBlob(repository, digest, bytes);
  await pushManifest(repository, tag, image.manifestDescriptor.mediaType, image.manifest);
}

/** Pushes the images and an index over them as `name:tag`. */
export async function pushIndex(url: string, name: string, tag: string, images: readonly OciImage[]): Promise<void> {
  for (const image of images) await pushImage(url, name, image.manifestDescriptor.digest, image);
  await pushManifest(`${url}/v2/${name}`, tag, MEDIA.index, makeIndex(images));
}
