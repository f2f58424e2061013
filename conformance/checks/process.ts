import { section } from '#conformance/check.ts';
import { equal, holds, lines, refused } from '#conformance/claims.ts';
import type { Change, Trial } from '#conformance/trial.ts';

const status = (trial: Trial, field: string, change: Change): string =>
  trial.inside(`sed -n 's/^${field}:[[:space:]]*//p' /proc/self/status`, change).trim();

/** The bits of CAP_CHOWN and CAP_KILL. */
const [CHOWN, KILL] = [1n << 0n, 1n << 5n];

const capabilities: Change = (_, { process }) => {
  process.noNewPrivileges = false;
  process.capabilities = {
    bounding: ['CAP_CHOWN', 'CAP_KILL'],
    permitted: ['CAP_CHOWN', 'CAP_KILL'],
    effective: ['CAP_CHOWN', 'CAP_KILL'],
    inheritable: ['CAP_CHOWN'],
    ambient: ['CAP_CHOWN'],
  };
};

/** Flag of the shell's `ulimit` and its unit, and the values asked for in bytes or as numbers. */
const LIMITS: Record<string, { flag: string; unit: number; soft: number; hard: number }> = {
  RLIMIT_CORE: { flag: '-c', unit: 512, soft: 512, hard: 1024 },
  RLIMIT_CPU: { flag: '-t', unit: 1, soft: 100, hard: 200 },
  RLIMIT_DATA: { flag: '-d', unit: 1024, soft: 1 << 28, hard: 1 << 29 },
  RLIMIT_FSIZE: { flag: '-f', unit: 512, soft: 1 << 28, hard: 1 << 29 },
  RLIMIT_NOFILE: { flag: '-n', unit: 1, soft: 100, hard: 200 },
  RLIMIT_STACK: { flag: '-s', unit: 1024, soft: 1 << 22, hard: 1 << 23 },
};

export const PROCESS = [
  ...section('config.md, process', {
    'process: arguments as they are': (trial) => {
      trial.configure(['printf', '%s.', 'a b', '', '$HOME', '*']);
      equal(trial.must('run', trial.id).stdout, 'a b..$HOME.*.');
    },
    'process: the exit status': (trial) => {
      trial.configure(['sh', '-c', 'exit 41']);
      equal(trial.call('run', trial.id).status, 41);
    },
    'process: the environment, and nothing else': (trial) => {
      trial.configure(['env'], (_, { process }) => {
        process.env = ['PATH=/bin', 'A=b=c', 'EMPTY='];
      });
      const seen = lines(trial.must('run', trial.id).stdout).filter((line) => !line.startsWith('HOME='));
      equal(seen, ['PATH=/bin', 'A=b=c', 'EMPTY=']);
    },
    'process: the program is found by PATH': (trial) => {
      trial.configure(['true'], (_, { process }) => {
        process.env = ['PATH=/nothing:/bin'];
      });
      trial.must('run', trial.id);
    },
    'process: working directory': (trial) => {
      equal(
        trial.inside('pwd', (_, { process }) => {
          process.cwd = '/home/app';
        }),
        '/home/app\n',
      );
    },
    'process: a relative working directory is an error': (trial) => {
      trial.configure(['true'], (_, { process }) => {
        process.cwd = 'tmp';
      });
      refused(trial.call('run', trial.id), 'run');
    },
    'process: no arguments is an error': (trial) => {
      trial.configure([]);
      refused(trial.call('run', trial.id), 'run');
    },
    'process: it is the first of its namespace': (trial) => equal(trial.inside('echo $$'), '1\n'),
    'process: no descriptors but the three': (trial) => {
      equal(trial.inside('ls /proc/1/fd; true'), '0\n1\n2\n');
    },
  }),
  ...section('config.md, user', {
    'user: ids and further groups': (trial) => {
      const seen = trial.inside('id -u; id -g; id -G', (_, { process }) => {
        process.user = { uid: 1000, gid: 50, additionalGids: [5, 7] };
      });
      equal(lines(seen), ['1000', '50', '50 5 7']);
    },
    'user: umask': (trial) => {
      equal(
        trial.inside('umask', (_, { process }) => {
          process.user = { uid: 0, gid: 0, umask: 0o27 };
        }),
        '0027\n',
      );
    },
  }),
  ...section('config.md, linux process', {
    'capabilities: bounding': (trial) => equal(BigInt(`0x${status(trial, 'CapBnd', capabilities)}`), CHOWN | KILL),
    'capabilities: permitted': (trial) => equal(BigInt(`0x${status(trial, 'CapPrm', capabilities)}`), CHOWN | KILL),
    'capabilities: effective': (trial) => equal(BigInt(`0x${status(trial, 'CapEff', capabilities)}`), CHOWN | KILL),
    'capabilities: inheritable': (trial) => equal(BigInt(`0x${status(trial, 'CapInh', capabilities)}`), CHOWN),
    'capabilities: ambient': (trial) => equal(BigInt(`0x${status(trial, 'CapAmb', capabilities)}`), CHOWN),
    'capabilities: an ordinary user keeps the ambient ones alone': (trial) => {
      const seen = status(trial, 'CapEff', (spec, parts) => {
        capabilities(spec, parts);
        parts.process.user = { uid: 1000, gid: 1000 };
      });
      equal(BigInt(`0x${seen}`), CHOWN);
    },
    'capabilities: none when none are asked for': (trial) => {
      const seen = status(trial, 'CapBnd', (_, { process }) => {
        process.capabilities = {};
      });
      equal(BigInt(`0x${seen}`), 0n);
    },
    'noNewPrivileges: set': (trial) => {
      equal(
        status(trial, 'NoNewPrivs', (_, { process }) => void (process.noNewPrivileges = true)),
        '1',
      );
    },
    'noNewPrivileges: not set': (trial) => {
      equal(
        status(trial, 'NoNewPrivs', (_, { process }) => void (process.noNewPrivileges = false)),
        '0',
      );
    },
    oomScoreAdj: (trial) => {
      const seen = trial.inside('cat /proc/self/oom_score_adj', (_, { process }) => {
        process.oomScoreAdj = 321;
      });
      equal(seen, '321\n');
    },
    'rlimits: soft and hard': (trial) => {
      const all = Object.entries(LIMITS);
      const script = all.map(([, { flag }]) => `ulimit -S ${flag}; ulimit -H ${flag}`).join('; ');
      const seen = trial.inside(script, (_, { process }) => {
        process.rlimits = all.map(([type, { soft, hard }]) => ({ type, soft, hard }));
      });
      equal(
        lines(seen).map(Number),
        all.flatMap(([, { unit, soft, hard }]) => [soft / unit, hard / unit]),
      );
    },
    'rlimits: an unknown one is an error': (trial) => {
      trial.configure(['true'], (_, { process }) => {
        process.rlimits = [{ type: 'RLIMIT_NOTHING', soft: 1, hard: 1 }];
      });
      refused(trial.call('run', trial.id), 'run');
    },
    'rlimits: one that comes twice is an error': (trial) => {
      trial.configure(['true'], (_, { process }) => {
        process.rlimits = [1, 2].map((value) => ({ type: 'RLIMIT_NOFILE', soft: value * 64, hard: 128 }));
      });
      refused(trial.call('run', trial.id), 'run');
    },
    'scheduler: a batch job of less worth': (trial) => {
      const seen = trial.inside("cut -d' ' -f19,41 /proc/1/stat", (_, { process }) => {
        process.scheduler = { policy: 'SCHED_BATCH', nice: 7 };
      });
      equal(seen, '7 3\n');
    },
    'ioPriority: class and value': (trial) => {
      const seen = trial.inside('ionice -p 1', (_, { process }) => {
        process.ioPriority = { class: 'IOPRIO_CLASS_BE', priority: 6 };
      });
      equal(seen, 'best-effort: prio 6\n');
    },
  }),
  ...section('config.md, hostname and domainname', {
    hostname: (trial) =>
      equal(
        trial.inside('hostname', (spec) => void (spec.hostname = 'conform')),
        'conform\n',
      ),
    domainname: (trial) => {
      const seen = trial.inside('cat /proc/sys/kernel/domainname', (spec) => void (spec.domainname = 'example'));
      equal(seen, 'example\n');
    },
    'hostname: without a namespace of its own is an error': (trial) => {
      trial.configure(['true'], (spec, { linux }) => {
        spec.hostname = 'conform';
        linux.namespaces = (linux.namespaces ?? []).filter(({ type }) => type !== 'uts');
      });
      refused(trial.call('run', trial.id), 'run');
    },
  }),
  ...section('config-linux.md, personality', {
    'personality: 32 bits': (trial) => {
      const seen = trial.inside('uname -m', (_, { linux }) => void (linux.personality = { domain: 'LINUX32' }));
      holds(/^i[3-6]86\n$/.test(seen), `uname -m says ${seen.trim()}`);
    },
  }),
];
