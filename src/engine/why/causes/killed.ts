import { formatBinaryBytes } from '#base/units.ts';
import { spanText } from '#engine/why/span.ts';
import { certain, likely, possible, type Look } from '#engine/why/cause.ts';
import type { PastEvent, WhyFacts } from '#engine/why/facts.ts';
import { signalName } from '#engine/why/signal-names.ts';

const SIGKILL = 9;
const SIGTERM = 15;
const SIGSYS = 31;

const machineWentDown: Look = ({ status, exit, bootedAt }) =>
  status === 'dead' && exit !== undefined && exit.started < bootedAt
    ? certain(
        'The machine went down while it ran.',
        [`it was started ${new Date(exit.started).toISOString()}`, `the machine ${new Date(bootedAt).toISOString()}`],
        '--restart always has it started again with the machine.',
      )
    : undefined;

const monitorKilled: Look = ({ status, name }) =>
  status === 'dead'
    ? certain(
        'Its monitor, the process of sampan that looks after it, was killed; what was left of it has been ended.',
        [],
        `Its own exit status is lost. sampan start ${name} starts it again.`,
      )
    : undefined;

const outOfMemory: Look = ({ exit, kernel, options, figures }) => {
  if (exit?.oom !== true) return undefined;
  const killed = kernel?.oom ?? [];
  const limit = figures.memoryLimit ?? options.memory;
  const everywhere = killed.some((one) => one.everywhere);
  const evidence = [
    ...(limit === undefined ? [] : [`limit ${formatBinaryBytes(limit)}`]),
    ...(figures.memoryPeak === undefined ? [] : [`peak ${formatBinaryBytes(figures.memoryPeak)}`]),
    ...(figures.oomKills === undefined ? [] : [`processes killed: ${figures.oomKills}`]),
    ...killed.map(({ pid, process, bytes }) => {
      return `the kernel killed ${process} (${pid})${bytes === undefined ? '' : `, which held ${formatBinaryBytes(bytes)}`}`;
    }),
  ];
  const why = everywhere || limit === undefined ? 'the machine had no memory left' : 'it used all that it may';
  const what =
    exit.signal === SIGKILL
      ? `It was killed for want of memory: ${why}.`
      : `A process in it was killed for want of memory (${why}); its first one then ended with ${exit.code}.`;
  const hint =
    everywhere || limit === undefined ? 'Give containers limits (-m).' : 'Give it more with -m, or have it use less.';
  return certain(what, evidence, hint);
};

/** Signals that our commands have sent since the run began. */
const kills = ({ events }: WhyFacts): { signal: number; event: PastEvent }[] =>
  events
    .filter(({ action }) => action === 'kill')
    .map((event) => ({ signal: Number(event.attributes['signal'] ?? 0), event }));

const killCommand: Look = (facts) => {
  const { exit } = facts;
  const sent = kills(facts).findLast(({ signal }) => signal === exit?.signal);
  if (exit === undefined || exit.signal === 0 || sent === undefined || wasStopped(facts)) return undefined;
  return certain(`sampan kill ended it with ${signalName(exit.signal)}.`, [`sent ${when(sent.event)}`]);
};

const wasStopped = ({ events }: WhyFacts): boolean => events.some(({ action }) => action === 'stop');

/** `stop` asks first; only when nothing comes of that, it kills. */
const stopTimedOut: Look = (facts) => {
  const { exit, options } = facts;
  const asked = kills(facts).findLast(({ signal }) => signal !== SIGKILL);
  if (exit?.signal !== SIGKILL || asked === undefined) return undefined;
  // A stop that was cut off has said nothing more; other signals are no wish to end.
  if (!wasStopped(facts) && asked.signal !== SIGTERM) return undefined;
  const waited = spanText(exit.finished - asked.event.time);
  const evidence = [`${signalName(asked.signal)} was sent ${when(asked.event)}`, `killed after ${waited}`];
  const hint = options.init
    ? 'Have the program end on that signal, or give it longer with --stop-timeout.'
    : 'As process 1 a program gets no signal that it has no handler for: --init helps; or give it longer with --stop-timeout.';
  const says = `It did not end when it was asked to by ${signalName(asked.signal)}, and was killed.`;
  return (wasStopped(facts) ? certain : likely)(says, evidence, hint);
};

const stopped: Look = (facts) => {
  const { exit } = facts;
  const asked = kills(facts).at(-1);
  if (exit === undefined || asked === undefined || !wasStopped(facts)) return undefined;
  const by = exit.signal > 0 ? `, which ended it` : `; it then ended by itself with ${exit.code}`;
  return certain(`sampan stop asked it to end with ${signalName(asked.signal)}${by}.`, [`sent ${when(asked.event)}`]);
};

const when = ({ time }: PastEvent): string => new Date(time).toISOString();

const filterKilled: Look = ({ exit, kernel }) => {
  if (exit === undefined || (exit.signal !== SIGSYS && exit.code !== 128 + SIGSYS)) return undefined;
  const denied = kernel?.denied ?? [];
  const known = denied.filter(({ own }) => own || exit.signal === 0);
  const calls = [...new Set((known.length > 0 ? known : denied).map(({ call }) => call))];
  if (calls.length === 0) {
    const where = kernel === undefined ? "the kernel's messages may not be read" : 'the kernel did not say which call';
    return certain('Its seccomp filter ended it for a system call (SIGSYS).', [where], FILTER_HINT);
  }
  const says = `Its seccomp filter ended it for the system call ${calls.join(', ')} (SIGSYS).`;
  const evidence = [...new Set(denied.map(({ process, call }) => `the kernel: ${process} called ${call}`))];
  return (known.some(({ own }) => own) ? certain : likely)(says, evidence, FILTER_HINT);
};
const FILTER_HINT = 'Allow the call in the profile that --security-opt seccomp=FILE names.';

const killedFromOutside: Look = ({ exit }) =>
  exit?.signal === SIGKILL
    ? possible('It was killed (SIGKILL), and not by sampan: by somebody on this machine, or by a process of its own.', [
        'no command of sampan sent it, and the kernel counted no lack of memory',
      ])
    : undefined;

/** What ended it from outside, surest first. */
export const KILLED: Readonly<Record<string, Look>> = {
  'machine-went-down': machineWentDown,
  'monitor-killed': monitorKilled,
  'out-of-memory': outOfMemory,
  'seccomp-killed': filterKilled,
  'kill-command': killCommand,
  'stop-timed-out': stopTimedOut,
  stopped,
  'killed-from-outside': killedFromOutside,
};
