import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { section, type Check } from '#conformance/check.ts';
import { equal, holds, refused } from '#conformance/claims.ts';
import { JUDGE } from '#conformance/judge.ts';
import type { Trial } from '#conformance/trial.ts';
import type { Resources } from '#runtime/spec/spec.ts';

const MB = 1024 * 1024;

/** What Debian's library of runtime-tools reads back of a container's group. */
function judged(trial: Trial, kind: 'memory' | 'cpu' | 'pids'): Record<string, number | string> {
  const words = ['group', kind, String(trial.state()?.pid), trial.group];
  return JSON.parse(execFileSync(JUDGE, words, { encoding: 'utf8' })) as ReturnType<typeof judged>;
}

function createdWith(trial: Trial, resources: Resources): void {
  trial.configure(['sleep', '100'], (_, { linux }) => void (linux.resources = { ...linux.resources, ...resources }));
  trial.must('create', trial.id);
}

const file = (trial: Trial, controller: string, name: string): string =>
  readFileSync(`/sys/fs/cgroup/${controller}${trial.group}/${name}`, 'utf8').trim();

/** A setting of a controller, read back from its file. */
const setting = (
  controller: string,
  resources: Resources,
  name: string,
  wanted: string,
): Omit<Check, 'name' | 'rule'> => ({
  missing: () =>
    existsSync(`/sys/fs/cgroup/${controller}/tasks`) ? undefined : `the controller ${controller} is not mounted`,
  run: (trial) => {
    createdWith(trial, resources);
    equal(file(trial, controller, name), wanted, name);
  },
});

const cpus = readFileSync('/sys/fs/cgroup/cpuset/cpuset.cpus', 'utf8').trim();

export const GROUPS = [
  ...section('config-linux.md, control groups', {
    'cgroupsPath: an absolute one, in every controller': (trial) => {
      createdWith(trial, {});
      const { pid } = trial.state() ?? {};
      const seen = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
      const wrong = seen
        .trim()
        .split('\n')
        .filter((line) => !/^0::|:name=|:misc:|:rdma:/.test(line) && !line.endsWith(`:${trial.group}`));
      equal(wrong, []);
    },
    'cgroupsPath: a relative one': (trial) => {
      trial.configure(['sleep', '100'], (_, { linux }) => void (linux.cgroupsPath = trial.group.slice(1)));
      trial.must('create', trial.id);
      const seen = readFileSync(`/proc/${trial.state()?.pid}/cgroup`, 'utf8');
      holds(seen.includes(trial.group.slice(1)), 'its name is in no group');
    },
    'cgroupsPath: none at all': (trial) => {
      trial.configure(['true'], (_, { linux }) => void delete linux.cgroupsPath);
      trial.must('run', trial.id);
    },
    'control groups are there from create to delete': (trial) => {
      createdWith(trial, {});
      holds(existsSync(`/sys/fs/cgroup/memory${trial.group}`), 'no group after create');
      trial.must('delete', '--force', trial.id);
      holds(!existsSync(`/sys/fs/cgroup/memory${trial.group}`), 'the group is there after delete');
    },
    'the cgroup mount is read-only and shows its own groups': (trial) => {
      const seen = trial.inside(
        'ls -d /sys/fs/cgroup/memory/tasks; mkdir /sys/fs/cgroup/memory/x 2>/dev/null || echo refused',
      );
      equal(seen, '/sys/fs/cgroup/memory/tasks\nrefused\n');
    },
  }),
  ...section('config-linux.md, memory', {
    'memory: limit, reservation, swap, as the library reads them': (trial) => {
      createdWith(trial, { memory: { limit: 64 * MB, reservation: 32 * MB, swap: 128 * MB } });
      const { limit, reservation, swap } = judged(trial, 'memory');
      equal([limit, reservation, swap], [64 * MB, 32 * MB, 128 * MB]);
    },
    'memory: swappiness': setting('memory', { memory: { swappiness: 10 } }, 'memory.swappiness', '10'),
    'memory: without a limit': setting(
      'memory',
      { memory: { limit: -1 } },
      'memory.limit_in_bytes',
      '9223372036854771712',
    ),
    'memory: too much of it is told as SIGKILL': (trial) => {
      trial.configure(['sh', '-c', 'head -c 60m /dev/zero | tail'], (_, { linux }) => {
        linux.resources = { ...linux.resources, memory: { limit: 16 * MB, swap: 16 * MB } };
      });
      holds(trial.call('run', trial.id).status !== 0, 'the program has succeeded');
    },
  }),
  ...section('config-linux.md, cpu', {
    'cpu: shares, quota, period, as the library reads them': (trial) => {
      createdWith(trial, { cpu: { shares: 512, quota: 50_000, period: 100_000 } });
      const { shares, quota, period } = judged(trial, 'cpu');
      equal([shares, quota, period], [512, 50_000, 100_000]);
    },
    'cpu: processors and memory nodes': (trial) => {
      createdWith(trial, { cpu: { cpus: '0', mems: '0' } });
      const { cpus: processors, mems } = judged(trial, 'cpu');
      equal([processors, mems], ['0', '0']);
    },
    'cpu: processors that the machine has not is an error': (trial) => {
      trial.configure(['true'], (_, { linux }) => {
        linux.resources = { ...linux.resources, cpu: { cpus: `${cpus.split(/[-,]/).at(-1)}000` } };
      });
      refused(trial.call('run', trial.id), 'run');
    },
  }),
  ...section('config-linux.md, PIDs', {
    'pids: limit, as the library reads it': (trial) => {
      createdWith(trial, { pids: { limit: 37 } });
      equal(judged(trial, 'pids')['limit'], 37);
    },
    'pids: the limit is obeyed': (trial) => {
      trial.configure(['sh', '-c', 'sleep 1 & sleep 1 & sleep 1 & sleep 1 & echo all'], (_, { linux }) => {
        linux.resources = { ...linux.resources, pids: { limit: 3 } };
      });
      holds(trial.call('run', trial.id).stdout !== 'all\n', 'five processes have begun');
    },
  }),
  ...section('config-linux.md, block IO', {
    'blockIO: bytes read per second': {
      missing: () => (disk() === undefined ? 'the machine has no disk' : undefined),
      run: (trial) => {
        const [major = 0, minor = 0] = disk() ?? [];
        createdWith(trial, { blockIO: { throttleReadBpsDevice: [{ major, minor, rate: 102_400 }] } });
        equal(file(trial, 'blkio', 'blkio.throttle.read_bps_device'), `${major}:${minor} 102400`);
      },
    },
    'blockIO: weight': {
      missing: () =>
        ['blkio.weight', 'blkio.bfq.weight'].some((name) => existsSync(`/sys/fs/cgroup/blkio/sampan/${name}`))
          ? undefined
          : 'the kernel has no weights of block devices',
      run: (trial) => {
        createdWith(trial, { blockIO: { weight: 500 } });
        const name = readdirSync(`/sys/fs/cgroup/blkio${trial.group}`).find((one) =>
          /^blkio\.(?:bfq\.)?weight$/.test(one),
        );
        equal(file(trial, 'blkio', name ?? ''), '500');
      },
    },
  }),
  ...section('config-linux.md, network, hugepages', {
    'network: class': setting('net_cls', { network: { classID: 1_048_577 } }, 'net_cls.classid', '1048577'),
    hugepageLimits: setting(
      'hugetlb',
      { hugepageLimits: [{ pageSize: '2MB', limit: 4 * MB }] },
      'hugetlb.2MB.limit_in_bytes',
      String(4 * MB),
    ),
  }),
  ...section('config-linux.md, device rules', {
    'device rules: what is not allowed is refused': (trial) => {
      const script = 'mknod /tmp/x c 1 11 2>/dev/null; (: </tmp/x) 2>/dev/null && echo opened; echo end';
      const seen = trial.inside(script, (spec, { process }) => {
        spec.root = { path: 'rootfs' };
        const sets = ['CAP_MKNOD'];
        process.capabilities = { bounding: sets, effective: sets, permitted: sets };
      });
      equal(seen, 'end\n');
    },
    'device rules: what is allowed can be used': (trial) => {
      const seen = trial.inside('head -c 1 /dev/zero | wc -c; echo >/dev/null && echo written');
      equal(seen, '1\nwritten\n');
    },
    'device rules: a further one': (trial) => {
      createdWith(trial, {
        devices: [
          { allow: false, access: 'rwm' },
          { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' },
        ],
      });
      holds(file(trial, 'devices', 'devices.list').includes('c 10:229 rw'), 'it is not in the list');
    },
  }),
];

/** Major and minor number of the first disk. */
function disk(): number[] | undefined {
  const name = readdirSync('/sys/block').find((one) => /^(?:vd|sd|nvme|xvd)/.test(one));
  return name === undefined ? undefined : readFileSync(`/sys/block/${name}/dev`, 'utf8').trim().split(':').map(Number);
}
