import { existsSync, readlinkSync } from 'node:fs';
import { section } from '#conformance/check.ts';
import { equal, holds, lines, refused } from '#conformance/claims.ts';
import type { Change, Trial } from '#conformance/trial.ts';
import type { NamespaceType, SeccompProfile } from '#runtime/spec/spec.ts';

/** The kernel's name of each, and what a container needs to give up to be in the host's. */
const KINDS: Record<Exclude<NamespaceType, 'user' | 'time' | 'mount'>, string> = {
  pid: 'pid',
  network: 'net',
  ipc: 'ipc',
  uts: 'uts',
  cgroup: 'cgroup',
};

const host = (name: string): string => readlinkSync(`/proc/self/ns/${name}`);

/** Without what needs the namespace that is given up. */
const without =
  (kind: NamespaceType): Change =>
  (spec, { linux }) => {
    linux.namespaces = (linux.namespaces ?? []).filter(({ type }) => type !== kind);
    if (kind === 'uts') delete spec.hostname;
    if (kind === 'network') spec.mounts = (spec.mounts ?? []).filter(({ type }) => type !== 'sysfs');
    if (kind === 'ipc') spec.mounts = (spec.mounts ?? []).filter(({ type }) => type !== 'mqueue');
    if (kind === 'cgroup') spec.mounts = (spec.mounts ?? []).filter(({ type }) => type !== 'cgroup');
  };

/** Both containers of a check have one bundle; the second one joins the first one's namespace. */
function joined(trial: Trial, kind: keyof typeof KINDS): void {
  trial.configure(['sleep', '100']);
  trial.must('create', trial.id);
  const path = `/proc/${trial.state()?.pid}/ns/${KINDS[kind]}`;
  const wanted = readlinkSync(path);
  trial.configure(['readlink', `/proc/self/ns/${KINDS[kind]}`], (spec, parts) => {
    without(kind)(spec, parts);
    parts.linux.namespaces?.push({ type: kind, path });
    parts.linux.cgroupsPath = `${trial.group}-second`;
  });
  equal(trial.must('run', `${trial.id}-second`).stdout.trim(), wanted);
}

const each = (name: (kind: string) => string, run: (trial: Trial, kind: keyof typeof KINDS) => void) =>
  Object.fromEntries(
    (Object.keys(KINDS) as (keyof typeof KINDS)[]).map((kind) => [name(kind), (trial: Trial) => run(trial, kind)]),
  );

const userNamespace: Change = (_, { linux }) => {
  linux.namespaces?.push({ type: 'user' });
  linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 2000 }];
  linux.gidMappings = [{ containerID: 0, hostID: 200_000, size: 3000 }];
};

const filtered =
  (profile: SeccompProfile): Change =>
  (_, { linux }) =>
    void (linux.seccomp = profile);

const denying = (rule: NonNullable<SeccompProfile['syscalls']>[number]): Change =>
  filtered({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] });

export const ISOLATION = [
  ...section('config-linux.md, namespaces', {
    ...each(
      (kind) => `namespaces: a new one, ${kind}`,
      (trial, kind) => {
        const seen = trial.inside(`readlink /proc/self/ns/${KINDS[kind]}`).trim();
        holds(seen !== host(KINDS[kind]), `it is the host's`);
      },
    ),
    ...each(
      (kind) => `namespaces: the host's, ${kind}`,
      (trial, kind) => {
        equal(trial.inside(`readlink /proc/self/ns/${KINDS[kind]}`, without(kind)).trim(), host(KINDS[kind]));
      },
    ),
    ...each((kind) => `namespaces: by path, ${kind}`, joined),
    'namespaces: a path of another kind is an error': (trial) => {
      trial.configure(['true'], (spec, parts) => {
        without('ipc')(spec, parts);
        parts.linux.namespaces?.push({ type: 'ipc', path: '/proc/self/ns/uts' });
      });
      refused(trial.call('run', trial.id), 'run');
    },
    'namespaces: a path that is not there is an error': (trial) => {
      trial.configure(['true'], (spec, parts) => {
        without('ipc')(spec, parts);
        parts.linux.namespaces?.push({ type: 'ipc', path: '/no/such/namespace' });
      });
      refused(trial.call('run', trial.id), 'run');
    },
    'namespaces: one kind twice is an error': (trial) => {
      trial.configure(['true'], (_, { linux }) => void linux.namespaces?.push({ type: 'ipc' }));
      refused(trial.call('run', trial.id), 'run');
    },
  }),
  ...section('config-linux.md, user namespace mappings', {
    'uidMappings and gidMappings': (trial) => {
      const seen = trial.inside('cat /proc/self/uid_map /proc/self/gid_map', userNamespace);
      equal(
        lines(seen).map((line) => line.trim().split(/ +/)),
        [
          ['0', '100000', '2000'],
          ['0', '200000', '3000'],
        ],
      );
    },
    'user namespace: the program is nobody on the host': (trial) => {
      const seen = trial.inside("stat -c '%u' /proc/1; id -u", userNamespace);
      equal(lines(seen), ['0', '0']);
    },
  }),
  ...section('config-linux.md, offset for time namespace', {
    timeOffsets: {
      missing: () => (existsSync('/proc/self/ns/time') ? undefined : 'the kernel has no time namespaces'),
      run: (trial) => {
        const seen = trial.inside('cat /proc/uptime', (_, { linux }) => {
          linux.namespaces?.push({ type: 'time' });
          linux.timeOffsets = { boottime: { secs: 100_000_000 } };
        });
        holds(Number(seen.split(' ')[0]) > 100_000_000, `the time since the boot is ${seen.trim()}`);
      },
    },
  }),
  ...section('config-linux.md, sysctl', {
    'sysctl: of the network': (trial) => {
      const seen = trial.inside('cat /proc/sys/net/ipv4/ip_forward', (_, { linux }) => {
        linux.sysctl = { 'net.ipv4.ip_forward': '1' };
      });
      equal(seen, '1\n');
    },
    'sysctl: of messages': (trial) => {
      const seen = trial.inside('cat /proc/sys/kernel/msgmax', (_, { linux }) => {
        linux.sysctl = { 'kernel.msgmax': '4096' };
      });
      equal(seen, '4096\n');
    },
    "sysctl: the host's own is an error": (trial) => {
      trial.configure(['true'], (_, { linux }) => void (linux.sysctl = { 'vm.swappiness': '61' }));
      refused(trial.call('run', trial.id), 'run');
    },
    'sysctl: without the namespace is an error': (trial) => {
      trial.configure(['true'], (spec, parts) => {
        without('network')(spec, parts);
        parts.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
      });
      refused(trial.call('run', trial.id), 'run');
    },
  }),
  ...section('config-linux.md, seccomp', {
    'seccomp: errno': (trial) => {
      const seen = trial.inside(
        'mkdir /tmp/x 2>&1; true',
        denying({ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }),
      );
      holds(/not permitted/.test(seen), `mkdir says ${seen.trim()}`);
    },
    'seccomp: an errno of its own': (trial) => {
      const rule = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 };
      holds(/No space/.test(trial.inside('mkdir /tmp/x 2>&1; true', denying(rule))), 'mkdir fails otherwise');
    },
    'seccomp: kill': (trial) => {
      const seen = trial.inside(
        'mkdir /tmp/x; echo $?',
        denying({ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_KILL' }),
      );
      equal(seen, '159\n');
    },
    'seccomp: by an argument': (trial) => {
      const rule = {
        names: ['kill'],
        action: 'SCMP_ACT_ERRNO',
        args: [{ index: 1, value: 10, op: 'SCMP_CMP_EQ' }],
      };
      const script = 'trap : USR1 USR2; kill -USR1 1 2>/dev/null || echo refused; kill -USR2 1 && echo sent';
      equal(lines(trial.inside(script, denying(rule))), ['refused', 'sent']);
    },
    'seccomp: names that are unknown are passed over': (trial) => {
      const rule = { names: ['no_such_call', 'mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' };
      holds(/not permitted/.test(trial.inside('mkdir /tmp/x 2>&1; true', denying(rule))), 'mkdir is allowed');
    },
    'seccomp: an action that is unknown is an error': (trial) => {
      trial.configure(['true'], filtered({ defaultAction: 'SCMP_ACT_NOTHING' }));
      refused(trial.call('run', trial.id), 'run');
    },
    'seccomp: the filter is there': (trial) => {
      const change = denying({ names: ['mkdir'], action: 'SCMP_ACT_ERRNO' });
      equal(trial.inside("sed -n 's/^Seccomp:[[:space:]]*//p' /proc/self/status", change), '2\n');
    },
  }),
];
