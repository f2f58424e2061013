/** Images of a hostile hand, pushed to the registry of a world: changed trees, and layers written byte by byte. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliWorld } from '#test/cli/world.ts';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { makeImage, type ImageDefaults, type Layer } from '#tools/image/oci-image.ts';
import { packTar, packTree } from '#tools/image/pack.ts';
import { pushImage } from '#tools/image/push.ts';

/** The small tree as a layer, after `change` has been at it. */
export function treeLayer(change: (root: string) => void = () => {}): Layer {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-tree-'));
  try {
    writeBusyboxTree(directory);
    change(directory);
    return packTree(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

let pushed = 0;

/** Pushes layers as an image of their own; resolves to its name. */
export async function pushLayers(world: CliWorld, layers: Layer[], defaults: ImageDefaults = {}): Promise<string> {
  const name = `hostile-${++pushed}`;
  await pushImage(world.registry.url, name, '1', makeImage(layers, { Cmd: ['sh'], ...defaults }));
  return `${world.registry.host}/${name}:1`;
}

export interface TarEntry {
  name: string | Uint8Array;
  /** Type flag: 0 file, 1 hard link, 2 symlink, 3 and 4 devices, 5 directory, 6 fifo, x and g extended headers. */
  type?: string;
  link?: string;
  data?: Uint8Array | string;
  mode?: number;
  /** Overrides the size that the header tells. */
  size?: number;
  device?: [number, number];
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

/** A ustar file of exactly these entries (POSIX.1-1988), whatever they say. */
export function tar(entries: readonly TarEntry[]): Layer {
  return packTar(Buffer.concat([...entries.flatMap(entryBlocks), Buffer.alloc(1024)]));
}

function entryBlocks({ name, type = '0', link = '', data = '', mode = 0o644, size, device }: TarEntry): Buffer[] {
  const body = Buffer.from(data as Uint8Array);
  const header = Buffer.alloc(512);
  Buffer.from(name as Uint8Array).copy(header, 0, 0, 100);
  header.write(octal(mode, 8) + octal(0, 8) + octal(0, 8), 100, 'latin1');
  header.write(octal(size ?? body.length, 12) + octal(0, 12), 124, 'latin1');
  header.write(`        ${type}`, 148, 'latin1');
  header.write(link.slice(0, 100), 157, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(octal(device?.[0] ?? 0, 8) + octal(device?.[1] ?? 0, 8), 329, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}

/** One record of an extended header: its own length, key and value. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}
