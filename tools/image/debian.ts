/** A real Debian 12 image, made from Debian's packages: minbase and a web server. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedImage } from '#tools/image/cache.ts';
import { makeImage, type OciImage } from '#tools/image/oci-image.ts';
import { packTar } from '#tools/image/pack.ts';

const SUITE = 'bookworm';
const INCLUDE = 'nginx-light';
const CONFIG = { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['bash'] };
const EPOCH = '1704067200';

/** What an image does not need: package lists, and the cache of the package manager. */
const LEAVE_OUT = [
  'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin',
  'rm -f "$1"/etc/resolv.conf "$1"/etc/hostname',
];

function bootstrap(): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-debian-'));
  const tar = join(directory, 'rootfs.tar');
  const hooks = LEAVE_OUT.map((command) => `--customize-hook=${command}`);
  try {
    // mmdebstrap takes the mirror from this machine's own apt configuration.
    const args = ['--variant=minbase', `--include=${INCLUDE}`, '--mode=root', ...hooks, SUITE, tar];
    execFileSync('mmdebstrap', args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, SOURCE_DATE_EPOCH: EPOCH },
    });
    return execFileSync('cat', [tar], { maxBuffer: 2 ** 31 });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Debian 12 minbase with nginx-light. The first time takes about half a minute; then it comes from the cache. */
export const debianImage = (): OciImage =>
  cachedImage('debian', [SUITE, INCLUDE, CONFIG, LEAVE_OUT, process.arch], () =>
    makeImage([packTar(bootstrap())], CONFIG),
  );
