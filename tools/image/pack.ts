import { execFileSync } from 'node:child_process';
import { type Layer, sha256 } from '#tools/image/oci-image.ts';

/** The latest time a file of an image may have (seconds), so that packing twice gives the same bytes. */
const EPOCH = 1704067200;

/** Packs a tree as one layer, the same bytes each time: names sorted, times clamped, owners numeric, gzip without a name. */
export function packTree(directory: string): Layer {
  const options = ['--sort=name', `--mtime=@${EPOCH}`, '--clamp-mtime', '--numeric-owner', '--xattrs', '--format=pax'];
  const pax = '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime';
  const tar = execFileSync('tar', ['-C', directory, ...options, pax, '-cf', '-', '.'], { maxBuffer: 2 ** 31 });
  return packTar(tar);
}

export function packTar(tar: Uint8Array): Layer {
  const packed = execFileSync('gzip', ['-6', '-n'], { input: tar, maxBuffer: 2 ** 31 });
  return { packed: new Uint8Array(packed), diffId: sha256(tar) };
}
