/** OCI image layouts on disk: `oci-layout`, `index.json`, `blobs/sha256/`. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Descriptor, type OciImage, sha256 } from '#tools/image/oci-image.ts';

const blobPath = (directory: string, digest: string): string => join(directory, 'blobs', ...digest.split(':'));

/** Writes the image as a layout of its own, complete or not at all. */
export function writeLayout(directory: string, image: OciImage, reference: string): void {
  const aside = `${directory}.${process.pid}`;
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(join(aside, 'blobs/sha256'), { recursive: true });
  for (const [digest, bytes] of image.blobs) writeFileSync(blobPath(aside, digest), bytes);
  writeFileSync(blobPath(aside, image.manifestDescriptor.digest), image.manifest);
  const named = { ...image.manifestDescriptor, annotations: { 'org.opencontainers.image.ref.name': reference } };
  writeFileSync(join(aside, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  writeFileSync(join(aside, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  rmSync(directory, { recursive: true, force: true });
  renameSync(aside, directory);
}

/** Reads the first image of a layout; undefined when there is none or a blob is not what its name says. */
export function readLayout(directory: string): OciImage | undefined {
  if (!existsSync(join(directory, 'index.json'))) return undefined;
  const index = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')) as { manifests: Descriptor[] };
  const manifestDescriptor = index.manifests[0];
  if (manifestDescriptor === undefined) return undefined;
  const read = (digest: string): Uint8Array => {
    const bytes = new Uint8Array(readFileSync(blobPath(directory, digest)));
    if (sha256(bytes) !== digest) throw new Error(`${directory}: blob ${digest} is damaged`);
    return bytes;
  };
  try {
    const manifest = read(manifestDescriptor.digest);
    const { config, layers } = JSON.parse(new TextDecoder().decode(manifest)) as {
      config: Descriptor;
      layers: Descriptor[];
    };
    const blobs = new Map([config, ...layers].map(({ digest }) => [digest, read(digest)]));
    return { blobs, manifest, manifestDescriptor };
  } catch {
    return undefined;
  }
}
