/** A tiny image of Debian's static busybox: applet links, users, an empty /tmp and what a program expects to find. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedImage } from '#tools/image/cache.ts';
import { type ImageDefaults, makeImage, type OciImage } from '#tools/image/oci-image.ts';
import { packTree } from '#tools/image/pack.ts';

export const BUSYBOX = '/bin/busybox';

const FILES: Record<string, string> = {
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  'etc/group': 'root:x:0:\nstaff:x:50:app\napp:x:1000:\nnogroup:x:65534:\n',
  'etc/os-release': 'NAME="sampan test image"\nID=busybox\n',
  'etc/hostname': 'image\n',
};

const DIRECTORIES: Record<string, number> = {
  bin: 0o755,
  dev: 0o755,
  etc: 0o755,
  home: 0o755,
  'home/app': 0o755,
  proc: 0o555,
  root: 0o700,
  run: 0o755,
  sys: 0o555,
  tmp: 0o1777,
  var: 0o755,
};

/** Lays the root file system out in an empty directory; owners are root but for /home/app. */
export function writeBusyboxTree(directory: string): void {
  for (const [path, mode] of Object.entries(DIRECTORIES)) {
    mkdirSync(join(directory, path), { recursive: true });
    chmodSync(join(directory, path), mode);
  }
  for (const [path, text] of Object.entries(FILES)) writeFileSync(join(directory, path), text);
  copyFileSync(BUSYBOX, join(directory, 'bin/busybox'));
  chmodSync(join(directory, 'bin/busybox'), 0o755);
  for (const applet of execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', join(directory, 'bin', applet));
  }
  execFileSync('chown', ['1000:1000', join(directory, 'home/app')]);
}

/** `defaults` become the image's config: Entrypoint, Cmd, User, Env and so on. */
export function busyboxImage(defaults: ImageDefaults = {}): OciImage {
  const config = {
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    Cmd: ['sh'],
    ...defaults,
  };
  const { size, mtimeMs } = statSync(BUSYBOX);
  return cachedImage('busybox', [config, FILES, DIRECTORIES, size, mtimeMs], () => {
    const directory = mkdtempSync(join(tmpdir(), 'sampan-busybox-'));
    try {
      const tree = join(directory, 'tree');
      mkdirSync(tree);
      writeBusyboxTree(tree);
      return makeImage([packTree(tree)], config);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
}
