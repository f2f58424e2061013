import { chmodSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { section } from '#conformance/check.ts';
import { equal, holds, lines, refused } from '#conformance/claims.ts';
import type { Change, Trial } from '#conformance/trial.ts';
import type { Mount } from '#runtime/spec/spec.ts';

/** Mounts a directory of the bundle with a file in it. */
function shared(trial: Trial, options: string[], more: Partial<Mount> = {}): Change {
  const source = join(trial.directory, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'file'), 'content\n');
  return (spec) => void spec.mounts?.push({ destination: '/mnt/shared', type: 'bind', source, options, ...more });
}

const tmpfs =
  (options: string[]): Change =>
  (spec) =>
    void spec.mounts?.push({ destination: '/mnt/tmp', type: 'tmpfs', source: 'tmpfs', options });

/** The options of a mount point, as the kernel tells them, those of the file system too. */
const optionsOf = (trial: Trial, point: string, change: Change): string[] =>
  trial.inside(`awk '$2 == "${point}" { print $4 }' /proc/mounts`, change).trim().split(',');

const DEVICES: Record<string, string> = {
  null: '1,3',
  zero: '1,5',
  full: '1,7',
  random: '1,8',
  urandom: '1,9',
  tty: '5,0',
};

const propagation: Record<string, RegExp> = {
  shared: /shared:/,
  slave: /^(?:(?!shared).)*$/,
  private: /^(?:(?!shared|master).)*$/,
  unbindable: /unbindable/,
};

export const FILES = [
  ...section('config.md, root', {
    'root: read-only': (trial) => {
      const seen = trial.inside('touch /file 2>/dev/null || echo refused', (spec) => {
        spec.root = { path: 'rootfs', readonly: true };
      });
      equal(seen, 'refused\n');
    },
    'root: writable, and the same on the host': (trial) => {
      trial.inside('echo kept >/file', (spec) => {
        spec.root = { path: 'rootfs', readonly: false };
      });
      holds(lstatSync(join(trial.rootfs, 'file')).size === 5, 'the file is not in the bundle');
    },
    'root: by its absolute path': (trial) => {
      equal(
        trial.inside('cat /etc/hostname', (spec) => void (spec.root = { path: trial.rootfs })),
        'image\n',
      );
    },
    'root: nothing of the host is above it': (trial) => {
      equal(trial.inside('cd /; cd ..; cat etc/hostname'), 'image\n');
    },
  }),
  ...section('config-linux.md, default devices and file systems', {
    'default devices': (trial) => {
      const script = Object.keys(DEVICES)
        .map((name) => `stat -c '%n %t,%T %a' /dev/${name}`)
        .join('; ');
      equal(
        lines(trial.inside(script)),
        Object.entries(DEVICES).map(([name, id]) => `/dev/${name} ${id} 666`),
      );
    },
    'default links of /dev': (trial) => {
      const seen = trial.inside('for name in fd stdin stdout stderr ptmx; do readlink /dev/$name || echo none; done');
      const [fd, stdin, stdout, stderr, ptmx = ''] = lines(seen);
      equal([fd, stdin, stdout, stderr], ['/proc/self/fd', '/proc/self/fd/0', '/proc/self/fd/1', '/proc/self/fd/2']);
      holds(/^(?:\/dev\/)?pts\/ptmx$/.test(ptmx), `/dev/ptmx leads to ${ptmx}`);
    },
    'a device of its own: type, numbers, mode, owner': (trial) => {
      const seen = trial.inside("stat -c '%F %t,%T %a %u:%g' /dev/own", (_, { linux }) => {
        linux.devices = [{ path: '/dev/own', type: 'c', major: 1, minor: 3, fileMode: 0o640, uid: 1000, gid: 50 }];
      });
      equal(seen, 'character special file 1,3 640 1000:50\n');
    },
    'a named pipe among the devices': (trial) => {
      const seen = trial.inside("stat -c '%F' /dev/pipe", (_, { linux }) => {
        linux.devices = [{ path: '/dev/pipe', type: 'p', fileMode: 0o600 }];
      });
      equal(seen, 'fifo\n');
    },
  }),
  ...section('config.md, mounts', {
    'mounts: a directory of the host': (trial) => {
      equal(trial.inside('cat /mnt/shared/file', shared(trial, ['rbind'])), 'content\n');
    },
    'mounts: a file of the host': (trial) => {
      const source = join(trial.directory, 'single');
      writeFileSync(source, 'one\n');
      const seen = trial.inside('cat /mnt/one', (spec) => {
        spec.mounts?.push({ destination: '/mnt/one', type: 'bind', source, options: ['bind'] });
      });
      equal(seen, 'one\n');
    },
    'mounts: read-only': (trial) => {
      const seen = trial.inside('echo >/mnt/shared/file 2>/dev/null || echo refused', shared(trial, ['rbind', 'ro']));
      equal(seen, 'refused\n');
    },
    'mounts: nosuid, nodev, noexec of a bind mount': (trial) => {
      const seen = optionsOf(trial, '/mnt/shared', shared(trial, ['rbind', 'nosuid', 'nodev', 'noexec']));
      equal(
        ['nosuid', 'nodev', 'noexec'].filter((option) => seen.includes(option)),
        ['nosuid', 'nodev', 'noexec'],
      );
    },
    'mounts: noexec is obeyed': (trial) => {
      const change = shared(trial, ['rbind', 'noexec']);
      const script = join(trial.directory, 'source/script');
      writeFileSync(script, '#!/bin/sh\necho ran\n');
      chmodSync(script, 0o755);
      equal(trial.inside('/mnt/shared/script 2>/dev/null || echo refused', change), 'refused\n');
    },
    'mounts: size and mode of a tmpfs': (trial) => {
      const seen = optionsOf(trial, '/mnt/tmp', tmpfs(['size=64k', 'mode=1777', 'nosuid']));
      equal([seen.includes('size=64k'), seen.includes('nosuid')], [true, true]);
      equal(trial.inside('stat -c %a /mnt/tmp', tmpfs(['size=64k', 'mode=1777'])), '1777\n');
    },
    'mounts: in the order that they are listed': (trial) => {
      const change = shared(trial, ['rbind']);
      const seen = trial.inside('ls /mnt/shared', (spec, parts) => {
        change(spec, parts);
        spec.mounts?.push({ destination: '/mnt/shared', type: 'tmpfs', source: 'tmpfs', options: [] });
      });
      equal(seen, '');
    },
    'mounts: a mount below another': (trial) => {
      const change = tmpfs(['mode=755']);
      const seen = trial.inside("awk '$2 ~ /^.mnt/ { print $2 }' /proc/mounts", (spec, parts) => {
        change(spec, parts);
        spec.mounts?.push({ destination: '/mnt/tmp/deep/er', type: 'tmpfs', source: 'tmpfs' });
      });
      equal(lines(seen), ['/mnt/tmp', '/mnt/tmp/deep/er']);
    },
    'mounts: a source that is not there is an error': (trial) => {
      trial.configure(['true'], (spec) => {
        spec.mounts?.push({
          destination: '/mnt/x',
          type: 'bind',
          source: join(trial.directory, 'none'),
          options: ['bind'],
        });
      });
      refused(trial.call('run', trial.id), 'run');
    },
    'mounts: a link of the image as the target stays inside': (trial) => {
      const outside = join(trial.directory, 'outside');
      mkdirSync(outside);
      mkdirSync(join(trial.rootfs, 'mnt'));
      symlinkSync(outside, join(trial.rootfs, 'mnt/shared'));
      const run = (): string => trial.inside('ls /mnt/shared/', shared(trial, ['rbind']));
      try {
        equal(run(), 'file\n');
      } catch {
        // To refuse it is as good.
      }
      holds(lstatSync(outside).nlink === 2, 'something was made outside');
    },
    'mounts: recursive read-only': (trial) => {
      const seen = trial.inside('touch /mnt/shared/x 2>/dev/null || echo refused', shared(trial, ['rbind', 'rro']));
      equal(seen, 'refused\n');
    },
    'mounts: access times': (trial) => {
      equal(optionsOf(trial, '/mnt/tmp', tmpfs(['noatime'])).includes('noatime'), true);
      equal(optionsOf(trial, '/mnt/tmp', tmpfs(['relatime'])).includes('relatime'), true);
    },
    'mounts: propagation of one': (trial) => {
      const seen = trial.inside(
        'awk \'$5 == "/mnt/shared"\' /proc/self/mountinfo',
        shared(trial, ['rbind', 'unbindable']),
      );
      holds(/unbindable/.test(seen), `it is not unbindable: ${seen.trim()}`);
    },
    'mounts: procfs, with its options': (trial) => {
      const seen = optionsOf(trial, '/proc', (spec) => {
        const proc = spec.mounts?.find(({ destination }) => destination === '/proc');
        if (proc !== undefined) proc.options = ['hidepid=2', 'nosuid'];
      });
      equal([seen.includes('hidepid=invisible') || seen.includes('hidepid=2'), seen.includes('nosuid')], [true, true]);
    },
    'mounts: ids mapped by the mount': (trial) => {
      const change = shared(trial, ['bind'], {
        uidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
        gidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
      });
      const map = [{ containerID: 0, hostID: 0, size: 65_536 }];
      const seen = trial.inside("stat -c '%u:%g' /mnt/shared/file", (spec, parts) => {
        change(spec, parts);
        parts.linux.namespaces?.push({ type: 'user' });
        Object.assign(parts.linux, { uidMappings: map, gidMappings: map });
      });
      equal(seen, '1000:1000\n');
    },
  }),
  ...section('config-linux.md, masked and read-only paths', {
    'maskedPaths: a file is empty': (trial) => {
      equal(
        trial.inside('cat /etc/passwd', (_, { linux }) => void (linux.maskedPaths = ['/etc/passwd'])),
        '',
      );
    },
    'maskedPaths: a directory is empty, and cannot be written': (trial) => {
      const seen = trial.inside('ls /etc; touch /etc/x 2>/dev/null || echo refused', (spec, { linux }) => {
        spec.root = { path: 'rootfs' };
        linux.maskedPaths = ['/etc'];
      });
      equal(seen, 'refused\n');
    },
    'maskedPaths: one that is not there is no error': (trial) => {
      equal(
        trial.inside('echo ran', (_, { linux }) => void (linux.maskedPaths = ['/nothing/there'])),
        'ran\n',
      );
    },
    'maskedPaths: a relative one is an error': (trial) => {
      trial.configure(['true'], (_, { linux }) => void (linux.maskedPaths = ['etc']));
      refused(trial.call('run', trial.id), 'run');
    },
    'readonlyPaths: cannot be written': (trial) => {
      const seen = trial.inside(
        'touch /tmp/x 2>/dev/null || echo refused; touch /home/x && echo written',
        (spec, { linux }) => {
          spec.root = { path: 'rootfs' };
          linux.readonlyPaths = ['/tmp'];
        },
      );
      equal(lines(seen), ['refused', 'written']);
    },
    'readonlyPaths: a relative one is an error': (trial) => {
      trial.configure(['true'], (_, { linux }) => void (linux.readonlyPaths = ['tmp']));
      refused(trial.call('run', trial.id), 'run');
    },
  }),
  ...section(
    'config-linux.md, rootfs mount propagation',
    Object.fromEntries(
      Object.entries(propagation).map(([kind, pattern]) => [
        `rootfsPropagation: ${kind}`,
        (trial: Trial): void => {
          const seen = trial.inside('awk \'$5 == "/"\' /proc/self/mountinfo', (_, { linux }) => {
            linux.rootfsPropagation = kind;
          });
          const fields = seen.trim().split(' - ')[0] ?? '';
          holds(pattern.test(fields), `the root is mounted as ${fields}`);
        },
      ]),
    ),
  ),
];
