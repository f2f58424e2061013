/** Debian 12 with the software that test/software runs: systemd, PostgreSQL, Redis, nginx, a C compiler and more. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { workDirectory } from '#tools/places.ts';

const SUITE = 'bookworm';
const PACKAGES = [
  ['systemd', 'systemd-sysv', 'dbus', 'libpam-systemd', 'cron', 'at'],
  ['postgresql', 'redis-server', 'nginx-light', 'sqlite3'],
  ['gcc', 'libc6-dev', 'make', 'git', 'strace'],
  ['sudo', 'bubblewrap', 'iputils-ping', 'curl', 'procps', 'attr', 'less', 'vim-tiny', 'locales', 'tzdata'],
].flat();

/** Never unpacked: nothing reads it here. */
const EXCLUDED = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*'];

/** Half of the bytes, which nothing calls: PostgreSQL's compiler of queries, gcc's sanitizers and its work across files. */
const UNUSED = [
  'usr/lib/*/libLLVM-*',
  'usr/lib/*/libz3.*',
  'usr/lib/postgresql/*/lib/llvmjit.so',
  'usr/lib/postgresql/*/lib/bitcode',
  'usr/lib/*/lib*san.so.*',
  'usr/lib/gcc/*/*/lib*san.a',
  'usr/lib/gcc/*/*/lto1',
  'usr/bin/*lto-dump*',
  'var/lib/apt/lists/*',
  'etc/resolv.conf',
  'etc/hostname',
];

/** Path of its root file system as a tar. The first time takes most of a minute. */
export function softwareTar(): string {
  const inputs = JSON.stringify([SUITE, PACKAGES, EXCLUDED, UNUSED, process.arch]);
  const key = createHash('sha256').update(inputs).digest('hex').slice(0, 16);
  const target = join(workDirectory('cache', 'images'), `software-${key}.tar`);
  if (existsSync(target)) return target;
  const aside = `${target}.${process.pid}.tar`;
  const args = [
    '--quiet',
    '--variant=minbase',
    '--mode=root',
    `--include=${PACKAGES.join(',')}`,
    ...EXCLUDED.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    `--customize-hook=cd "$1" && rm -rf ${UNUSED.join(' ')}`,
  ];
  try {
    // mmdebstrap takes the mirror from this machine's own apt configuration.
    execFileSync('mmdebstrap', [...args, SUITE, aside], { stdio: ['ignore', 'inherit', 'inherit'] });
    renameSync(aside, target);
  } finally {
    rmSync(aside, { force: true });
  }
  return target;
}
