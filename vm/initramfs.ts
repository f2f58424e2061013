/** The first file system of the guest: busybox, the modules it needs, the command to run. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { BUSYBOX } from '#tools/image/busybox.ts';
import { TREE } from '#tools/places.ts';
import type { Kernel } from './kernels.ts';

/** Loaded before anything else runs; what they depend on comes along. */
const MODULES = [
  'virtio_pci',
  'virtio_blk',
  'overlay',
  'loop',
  'veth',
  'bridge',
  'nf_tables',
  'erofs',
  'fuse',
  // Criu asks the kernel about sockets.
  'unix_diag',
  'inet_diag',
  'tcp_diag',
  'udp_diag',
  'netlink_diag',
  'af_packet_diag',
];

/** Files of the modules and of what they depend on, in the order of loading. */
export function moduleFiles(dependencies: string, wanted: readonly string[]): string[] {
  const rows = dependencies
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(/:\s*|\s+/).filter((path) => path !== ''));
  const byName = new Map(
    rows.map((row) => [
      basename(row[0] ?? '')
        .replace(/\.ko(\.\w+)?$/, '')
        .replaceAll('-', '_'),
      row,
    ]),
  );
  const files: string[] = [];
  for (const name of wanted) {
    // modules.dep names what a module needs with the deepest last.
    for (const file of (byName.get(name) ?? []).toReversed()) if (!files.includes(file)) files.push(file);
  }
  return files;
}

const moduleName = (file: string): string => basename(file).replace(/\.xz$/, '');

/** Newer kernels pack their modules, and busybox hands them to the kernel as they are. */
const unpackModule = (file: string): Uint8Array =>
  file.endsWith('.xz') ? execFileSync('xz', ['-dc', file], { maxBuffer: 2 ** 28 }) : readFileSync(file);

/** Writes the archive to `target`. `command` is a shell script that the guest runs in the tree. */
export function writeInitramfs(target: string, kernel: Kernel, command: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-initramfs-'));
  try {
    for (const name of ['bin', 'dev', 'proc', 'sys', 'root', 'modules']) mkdirSync(join(directory, name));
    copyFileSync(BUSYBOX, join(directory, 'bin/busybox'));
    copyFileSync(join(TREE, 'vm/guest/init.sh'), join(directory, 'init'));
    chmodSync(join(directory, 'init'), 0o755);
    const modules = join(kernel.root, 'lib/modules', kernel.release);
    const files = moduleFiles(readFileSync(join(modules, 'modules.dep'), 'utf8'), MODULES);
    for (const file of files)
      writeFileSync(join(directory, 'modules', moduleName(file)), unpackModule(join(modules, file)));
    writeFileSync(join(directory, 'modules/order'), `${files.map(moduleName).join('\n')}\n`);
    writeFileSync(join(directory, 'command'), command);
    execFileSync('sh', ['-c', 'find . | cpio -o -H newc -R 0:0 --quiet | gzip -1 > "$0"', target], { cwd: directory });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
