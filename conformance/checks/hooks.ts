import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { section } from '#conformance/check.ts';
import { equal, holds, lines, refused } from '#conformance/claims.ts';
import type { Change, State, Trial } from '#conformance/trial.ts';
import type { Hook, HookKind } from '#runtime/spec/spec.ts';

const BEFORE: readonly HookKind[] = ['prestart', 'createRuntime', 'createContainer', 'startContainer'];
const KINDS: readonly HookKind[] = [...BEFORE, 'poststart', 'poststop'];

/** Writes to a file of the bundle, which the container has as `/shared`. */
function hook(trial: Trial, kind: HookKind, script: string, more: Partial<Hook> = {}): Hook {
  const place = kind === 'startContainer' ? '/shared' : trial.directory;
  const text = `PLACE=${place}; KIND=${kind}; ${script}`;
  return { path: '/bin/sh', args: ['sh', '-c', text], env: ['PATH=/bin:/usr/bin'], ...more };
}

const withHooks =
  (trial: Trial, hooks: Partial<Record<HookKind, Hook[]>>): Change =>
  (spec) => {
    spec.hooks = hooks;
    spec.mounts?.push({ destination: '/shared', type: 'bind', source: trial.directory, options: ['bind'] });
  };

const note = (trial: Trial): string[] => lines(readFileSync(join(trial.directory, 'note'), 'utf8'));

/** All kinds, each with one script. */
const all = (trial: Trial, script: string): Partial<Record<HookKind, Hook[]>> =>
  Object.fromEntries(KINDS.map((kind) => [kind, [hook(trial, kind, script)]]));

async function wholeLife(trial: Trial, hooks: Partial<Record<HookKind, Hook[]>>): Promise<void> {
  trial.configure(['sleep', '0.5'], withHooks(trial, hooks));
  trial.must('create', trial.id);
  trial.must('start', trial.id);
  await trial.until('stopped');
  trial.must('delete', trial.id);
}

export const HOOKS = [
  ...section('config.md, POSIX-platform hooks', {
    'hooks: in their order': async (trial) => {
      await wholeLife(trial, all(trial, 'echo $KIND >>$PLACE/note'));
      equal(note(trial), [...KINDS]);
    },
    'hooks: several of one kind, as they are listed': async (trial) => {
      const two = [1, 2].map((number) => hook(trial, 'createRuntime', `echo ${number} >>$PLACE/note`));
      await wholeLife(trial, { createRuntime: two });
      equal(note(trial), ['1', '2']);
    },
    'hooks: the state on their standard input': async (trial) => {
      await wholeLife(trial, all(trial, 'tr -d "\\n" >>$PLACE/note; echo >>$PLACE/note'));
      const states = note(trial).map((line) => JSON.parse(line) as State);
      equal(
        states.map(({ id }) => id),
        KINDS.map(() => trial.id),
      );
      equal(
        states.map(({ bundle }) => bundle),
        KINDS.map(() => trial.directory),
      );
      equal(states.at(-1)?.status, 'stopped', 'status that poststop is told');
    },
    'hooks: arguments and environment as they are': async (trial) => {
      const script = 'echo "$0 $1 $EXTRA" >>$PLACE/note';
      const one = hook(trial, 'createRuntime', script, { env: ['PATH=/bin', 'EXTRA=more'] });
      await wholeLife(trial, { createRuntime: [{ ...one, args: [...(one.args ?? []), 'zero', 'one'] }] });
      equal(note(trial), ['zero one more']);
    },
    'hooks: namespaces of the runtime': async (trial) => {
      const kinds = ['prestart', 'createRuntime', 'poststart', 'poststop'] as const;
      const hooks = Object.fromEntries(
        kinds.map((kind) => [kind, [hook(trial, kind, 'readlink /proc/self/ns/mnt >>$PLACE/note')]]),
      );
      await wholeLife(trial, hooks);
      equal(
        note(trial),
        kinds.map(() => readlinkSync('/proc/self/ns/mnt')),
      );
    },
    'hooks: namespaces of the container': async (trial) => {
      const kinds = ['createContainer', 'startContainer'] as const;
      const hooks = Object.fromEntries(
        kinds.map((kind) => [kind, [hook(trial, kind, 'readlink /proc/self/ns/mnt >>$PLACE/note')]]),
      );
      await wholeLife(trial, hooks);
      const [first, second] = note(trial);
      equal([first === second, first === readlinkSync('/proc/self/ns/mnt')], [true, false]);
    },
    'hooks: one that takes longer than its time fails': (trial) => {
      trial.configure(
        ['true'],
        withHooks(trial, { createRuntime: [hook(trial, 'createRuntime', 'exec sleep 8', { timeout: 1 })] }),
      );
      refused(trial.call('create', trial.id), 'create');
    },
    'hooks: a path that is not absolute is an error': (trial) => {
      trial.configure(['true'], withHooks(trial, { createRuntime: [{ path: 'sh' }] }));
      refused(trial.call('create', trial.id), 'create');
    },
  }),
  ...section(
    'runtime.md, lifecycle',
    Object.fromEntries(
      BEFORE.map((kind) => [
        `hooks: one that fails before the program, ${kind}`,
        (trial: Trial): void => {
          const mark = join(trial.directory, 'mark');
          trial.configure(
            ['sh', '-c', 'echo >/shared/mark'],
            withHooks(trial, { [kind]: [hook(trial, kind, 'exit 3')], poststop: [hook(trial, 'poststop', ':')] }),
          );
          refused(trial.call('run', trial.id), 'run');
          holds(!existsSync(mark), 'the program has run');
          if (kind !== 'startContainer') equal(trial.state(), undefined, 'the container');
        },
      ]),
    ),
  ),
  ...section('runtime.md, lifecycle', {
    'hooks: one that fails after the end changes nothing': async (trial) => {
      const hooks = [hook(trial, 'poststop', 'exit 3'), hook(trial, 'poststop', 'echo second >>$PLACE/note')];
      await wholeLife(trial, { poststop: hooks });
      equal(note(trial), ['second']);
      equal(trial.state(), undefined);
    },
    'hooks: one that fails when the program has begun stops the container': (trial) => {
      trial.configure(['sleep', '100'], withHooks(trial, { poststart: [hook(trial, 'poststart', 'exit 3')] }));
      trial.must('create', trial.id);
      refused(trial.call('start', trial.id), 'start');
      holds(['stopped', undefined].includes(trial.state()?.status), `the container is ${trial.state()?.status}`);
    },
  }),
];
