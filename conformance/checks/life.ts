import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { section } from '#conformance/check.ts';
import { equal, holds, refused } from '#conformance/claims.ts';
import type { Trial } from '#conformance/trial.ts';

const SLEEPER = ['sleep', '100'];

/** A container whose program writes a file of the bundle, has been created and not yet started. */
function created(trial: Trial): string {
  const mark = join(trial.directory, 'mark');
  trial.configure(['sh', '-c', 'echo begun >/shared/mark; exec sleep 100'], (spec) => {
    spec.mounts?.push({ destination: '/shared', type: 'bind', source: trial.directory, options: ['bind'] });
  });
  trial.must('create', trial.id);
  return mark;
}

function running(trial: Trial): void {
  trial.configure(SLEEPER);
  trial.must('create', trial.id);
  trial.must('start', trial.id);
}

async function stopped(trial: Trial): Promise<void> {
  trial.configure(['true']);
  trial.must('create', trial.id);
  trial.must('start', trial.id);
  await trial.until('stopped');
}

async function written(file: string): Promise<void> {
  const end = Date.now() + 5000;
  while (!existsSync(file) || statSync(file).size === 0) {
    if (Date.now() > end) throw new Error('the program has not run');
    await pause(10);
  }
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export const LIFE = [
  ...section('runtime.md, state', {
    'state: id, bundle and version of a created container': (trial) => {
      created(trial);
      const { id, bundle, ociVersion } = trial.state() ?? {};
      equal([id, bundle, typeof ociVersion], [trial.id, trial.directory, 'string']);
    },
    'state: the pid is that of the container on the host': (trial) => {
      running(trial);
      const command = readFileSync(`/proc/${trial.state()?.pid}/cmdline`, 'utf8');
      equal(command.split('\0'), ['sleep', '100', '']);
    },
    'state: annotations': (trial) => {
      trial.configure(SLEEPER, (spec) => {
        spec.annotations = { 'org.example.key': 'value', 'org.example.empty': '' };
      });
      trial.must('create', trial.id);
      const annotations = trial.state()?.annotations ?? {};
      equal([annotations['org.example.key'], annotations['org.example.empty']], ['value', '']);
    },
    'state: created, running, stopped': async (trial) => {
      created(trial);
      equal(trial.state()?.status, 'created');
      trial.must('start', trial.id);
      equal(trial.state()?.status, 'running');
      trial.must('kill', trial.id, 'KILL');
      await trial.until('stopped');
    },
    'state: an unknown container is an error': (trial) => refused(trial.call('state', trial.id), 'state'),
    'state: no id is an error': (trial) => refused(trial.call('state'), 'state'),
  }),
  ...section('runtime.md, create', {
    'create: the program does not run': async (trial) => {
      const mark = created(trial);
      await pause(200);
      holds(!existsSync(mark), 'the program has run');
    },
    'create: an id in use is an error, and its container goes on': (trial) => {
      running(trial);
      refused(trial.call('create', trial.id), 'create');
      equal(trial.state()?.status, 'running');
    },
    'create: no id is an error': (trial) => {
      trial.configure(SLEEPER);
      refused(trial.call('create'), 'create');
    },
    'create: a missing bundle is an error, and leaves no container': (trial) => {
      refused(trial.call('create', '--bundle', join(trial.directory, 'nothing'), trial.id), 'create');
      equal(trial.state(), undefined);
    },
    'create: a bundle without config.json is an error': (trial) => refused(trial.call('create', trial.id), 'create'),
    'create: a configuration that is no JSON is an error': (trial) => {
      writeFileSync(join(trial.directory, 'config.json'), '{"ociVersion":');
      refused(trial.call('create', trial.id), 'create');
    },
    'create: a missing root file system is an error': (trial) => {
      trial.configure(SLEEPER, (spec) => {
        spec.root = { path: 'nothing' };
      });
      refused(trial.call('create', trial.id), 'create');
      equal(trial.state(), undefined);
    },
    'create: a version that does not exist yet is an error': (trial) => {
      trial.configure(SLEEPER, (spec) => {
        spec.ociVersion = '9.0.0';
      });
      refused(trial.call('create', trial.id), 'create');
    },
    'create: later changes of config.json change nothing': async (trial) => {
      const mark = created(trial);
      trial.configure(['false'], (spec) => {
        spec.hostname = 'other';
      });
      trial.must('start', trial.id);
      await written(mark);
    },
    'create: --pid-file': (trial) => {
      trial.configure(SLEEPER);
      const file = join(trial.directory, 'pid');
      trial.must('create', '--pid-file', file, trial.id);
      equal(Number(readFileSync(file, 'utf8')), trial.state()?.pid);
    },
  }),
  ...section('runtime.md, start', {
    'start: runs the program': async (trial) => {
      const mark = created(trial);
      trial.must('start', trial.id);
      await written(mark);
      equal(readFileSync(mark, 'utf8'), 'begun\n');
    },
    'start: of a running container is an error, and changes nothing': (trial) => {
      running(trial);
      const { pid } = trial.state() ?? {};
      refused(trial.call('start', trial.id), 'start');
      equal([trial.state()?.status, trial.state()?.pid], ['running', pid]);
    },
    'start: of a stopped container is an error': async (trial) => {
      await stopped(trial);
      refused(trial.call('start', trial.id), 'start');
      equal(trial.state()?.status, 'stopped');
    },
    'start: an unknown container is an error': (trial) => refused(trial.call('start', trial.id), 'start'),
    'start: no id is an error': (trial) => refused(trial.call('start'), 'start'),
    'start: without a process is an error': (trial) => {
      trial.configure(SLEEPER, (spec) => {
        delete spec.process;
      });
      const made = trial.call('create', trial.id);
      if (made.status === 0) refused(trial.call('start', trial.id), 'start');
    },
    'a program that is not there is an error of create or start': (trial) => {
      trial.configure(['/no/such/program']);
      if (trial.call('create', trial.id).status === 0) refused(trial.call('start', trial.id), 'start');
    },
  }),
  ...section('runtime.md, kill', {
    'kill: sends the signal asked for': async (trial) => {
      const mark = join(trial.directory, 'caught');
      trial.configure(
        ['sh', '-c', 'trap "echo usr1 >/shared/caught; exit" USR1; echo >/shared/ready; while :; do sleep 0.02; done'],
        (spec) => {
          spec.mounts?.push({ destination: '/shared', type: 'bind', source: trial.directory, options: ['bind'] });
        },
      );
      trial.must('create', trial.id);
      trial.must('start', trial.id);
      await written(join(trial.directory, 'ready'));
      trial.must('kill', trial.id, 'USR1');
      await trial.until('stopped');
      equal(readFileSync(mark, 'utf8'), 'usr1\n');
    },
    'kill: signals by number and with SIG': async (trial) => {
      running(trial);
      trial.must('kill', trial.id, 'SIGWINCH');
      trial.must('kill', trial.id, '9');
      await trial.until('stopped');
    },
    'kill: a created container can be killed': async (trial) => {
      created(trial);
      trial.must('kill', trial.id, 'KILL');
      await trial.until('stopped');
    },
    'kill: of a stopped container is an error': async (trial) => {
      await stopped(trial);
      refused(trial.call('kill', trial.id, 'KILL'), 'kill');
      equal(trial.state()?.status, 'stopped');
    },
    'kill: an unknown container is an error': (trial) => refused(trial.call('kill', trial.id, 'KILL'), 'kill'),
    'kill: no id is an error': (trial) => refused(trial.call('kill'), 'kill'),
    'kill: an unknown signal is an error, and nothing is sent': (trial) => {
      running(trial);
      refused(trial.call('kill', trial.id, 'NOSUCH'), 'kill');
      equal(trial.state()?.status, 'running');
    },
  }),
  ...section('runtime.md, delete', {
    'delete: of a stopped container removes all of it': async (trial) => {
      await stopped(trial);
      trial.must('delete', trial.id);
      equal(trial.state(), undefined);
      holds(!existsSync(`/sys/fs/cgroup/pids${trial.group}`), 'its control group is still there');
    },
    'delete: of a created container is an error': (trial) => {
      created(trial);
      refused(trial.call('delete', trial.id), 'delete');
      equal(trial.state()?.status, 'created');
    },
    'delete: of a running container is an error, and changes nothing': (trial) => {
      running(trial);
      refused(trial.call('delete', trial.id), 'delete');
      equal(trial.state()?.status, 'running');
    },
    'delete: an unknown container is an error': (trial) => refused(trial.call('delete', trial.id), 'delete'),
    'delete: no id is an error': (trial) => refused(trial.call('delete'), 'delete'),
    'delete: the id can be used again': async (trial) => {
      await stopped(trial);
      trial.must('delete', trial.id);
      await stopped(trial);
    },
    'delete: what create did not make stays': async (trial) => {
      await stopped(trial);
      trial.must('delete', trial.id);
      holds(existsSync(join(trial.directory, 'config.json')), 'the bundle has gone');
      rmSync(join(trial.directory, 'config.json'));
    },
  }),
];
