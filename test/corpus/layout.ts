/** An image of plain layers as an OCI layout, for us and for others to read. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OCI_MANIFEST } from '#store/registry/media-types.ts';
import { testImage } from '#store/testing/test-image.ts';

const LAYER = 'application/vnd.oci.image.layer.v1.tar';

export function writeLayout(directory: string, archives: readonly Buffer[]): void {
  const image = testImage(archives.map((archive) => ({ archive, blob: archive, mediaType: LAYER })));
  mkdirSync(join(directory, 'blobs', 'sha256'), { recursive: true });
  for (const [digest, bytes] of image.blobs) writeFileSync(join(directory, 'blobs', ...digest.split(':')), bytes);
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const annotations = { 'org.opencontainers.image.ref.name': 'corpus' };
  const { length: size } = image.manifest;
  const manifests = [{ mediaType: OCI_MANIFEST, digest: image.manifestDigest, size, annotations }];
  writeFileSync(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}
