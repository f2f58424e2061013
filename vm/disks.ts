/** The guest's two disks: a small Debian that is kept, and the tree as it is now. The guest's writes are thrown away. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TREE, workDirectory } from '#tools/places.ts';

/** What process 1 of a guest is: our own script, or systemd with its message bus and user managers; also with version 1. */
export type Boot = 'script' | 'systemd' | 'systemd-v1';

const COMMON = 'busybox-static,criu,iptables,docker-registry,procps,attr,e2fsprogs,nftables,iproute2,uidmap';
const SYSTEMD = `${COMMON},systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd`;
const SUITE = 'bookworm';

/** What of the checkout goes into the guest. */
const TREE_PARTS = ['dist/sampan', 'dist/launcher', 'src', 'test', 'tools', 'vm', 'package.json', 'tsconfig.json'];
const BUN_PARTS = ['node_modules/.bin/bun', 'node_modules/bun'];

function makeDisk(directory: string, target: string, megabytes: number): void {
  execFileSync('mke2fs', [
    '-q',
    '-t',
    'ext4',
    '-m',
    '0',
    '-E',
    'lazy_itable_init=1',
    '-d',
    directory,
    target,
    `${megabytes}M`,
  ]);
}

/** Debian with the programs the tests call; made once for a list of packages. */
export function debianDisk(boot: Boot): string {
  const packages = boot === 'script' ? COMMON : SYSTEMD;
  const key = createHash('sha256').update(`${SUITE} ${packages} 2`).digest('hex').slice(0, 12);
  const target = join(workDirectory('cache', 'vm'), `debian-${key}.ext4`);
  if (existsSync(target)) return target;
  const directory = mkdtempSync(join(tmpdir(), 'sampan-guest-'));
  try {
    const root = join(directory, 'root');
    execFileSync('mmdebstrap', ['--quiet', '--variant=minbase', '--mode=root', `--include=${packages}`, SUITE, root], {
      stdio: 'inherit',
    });
    mkdirSync(join(root, 'work'), { recursive: true });
    makeDisk(root, `${target}.${process.pid}`, 3072);
    renameSync(`${target}.${process.pid}`, target);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return target;
}

/** Writes the tree, hard links until mke2fs has read them, into a disk at `target`. */
export function writeTreeDisk(target: string): void {
  const directory = mkdtempSync(join(workDirectory('vm'), 'tree-'));
  try {
    const parts = [...TREE_PARTS, ...BUN_PARTS].filter((part) => existsSync(join(TREE, part)));
    execFileSync('cp', ['-al', '--parents', ...parts, directory], { cwd: TREE });
    makeDisk(directory, target, 1024);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
