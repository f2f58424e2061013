/** Verbs on one container, ours and podman's. */
import { mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePlan } from '#kernel/encode.ts';
import { readHostFacts } from '#kernel/host-facts.ts';
import { monitorLives } from '#engine/monitor/liveness.ts';
import { cgroupDirectories } from '#runtime/cgroup/layout.ts';
import { enginesWith, OURS, PODMAN, processOf, quietly, type EnginePlace, type Engines } from './engine-pair.ts';
import { type Contender, interleave } from './interleave.ts';
import type { Section } from './report.ts';

const ROUNDS = { count: 30, warmUp: 2, idle: 0 };
const NAME = 'one';
const IDLE = ['sleep', '86400'];
/** Ends as soon as it is told to. */
const WELL_BEHAVED = ['sh', '-c', 'trap "exit 0" TERM; sleep 86400 & wait'];

const ours = ({ sampan }: Engines, ...words: string[]): string => quietly(sampan(...words));
const theirs = ({ peer }: Engines, ...words: string[]): string => quietly(peer.command(...words), peer.env);

function runBoth(both: Engines, image: string, program: readonly string[]): void {
  ours(both, 'run', '-d', '--network', 'none', '--name', NAME, image, ...program);
  quietly(both.peer.runDetached(NAME, image, ...program), both.peer.env);
}

function removeBoth(both: Engines): void {
  ours(both, 'rm', '-f', NAME);
  theirs(both, 'rm', '-f', '-t', '0', NAME);
}

/** `exec CONTAINER true`. */
export function execInRunning(image: string, place: EnginePlace): Section {
  const both = enginesWith(image, place, 'exec');
  runBoth(both, image, IDLE);
  const contenders = [
    { name: OURS, argv: () => both.sampan('exec', NAME, 'true') },
    { name: PODMAN, argv: () => both.peer.command('exec', NAME, 'true'), env: both.peer.env },
  ];
  try {
    return {
      title: '`exec CONTAINER true`',
      about: 'In a running container of the busybox image.',
      samples: interleave(contenders, { ...ROUNDS, scratch: place.directory }),
      goals: [{ against: PODMAN, factor: 0.25 }],
    };
  } finally {
    removeBoth(both);
  }
}

const ALONE = 'the launcher alone';

/** The launcher with the same plans, started by itself: what the kernel is asked for, and nothing else. */
function launcherAlone(both: Engines, scratch: string): Contender {
  const [{ Id: id } = { Id: '' }] = JSON.parse(ours(both, 'inspect', NAME)) as { Id: string }[];
  const dir = join(both.root, 'containers', id);
  const cgroup = cgroupDirectories(readHostFacts().cgroup, `/sampan/${id}`).map(({ path }) => path);
  const [plan, log] = [join(dir, 'plan'), join(dir, 'log')];
  const limits = { logMaxBytes: 10_000_000, logMaxFiles: 3 };
  const modes = { tty: 0, stdin: 0, ephemeral: 0, hold: 0 };
  const step = { op: 'monitor', dir, plan, log, ...limits, ...modes, cgroup } as const;
  const [file, report] = [join(scratch, 'monitor.plan'), join(scratch, 'monitor.report')];
  writeFileSync(file, encodePlan({ programs: [{ name: 'monitor', steps: [step] }] }));
  return {
    name: ALONE,
    argv: () => [join(both.runRoot, 'launcher'), 'monitor', '3', '4'],
    extra: () => [openSync(file, 'r'), openSync(report, 'w')],
    after: () => {
      ours(both, 'stop', '-t', '0', NAME);
      // No record says that it was started, so nobody waits for its monitor.
      while (monitorLives(dir)) Bun.sleepSync(1);
    },
  };
}

/** `start` of a container that has run before. */
export function startAgain(image: string, place: EnginePlace): Section {
  const both = enginesWith(image, place, 'start');
  runBoth(both, image, IDLE);
  ours(both, 'stop', '-t', '0', NAME);
  theirs(both, 'stop', '-t', '0', NAME);
  const contenders: Contender[] = [
    {
      name: OURS,
      argv: () => both.sampan('start', NAME),
      after: () => void ours(both, 'stop', '-t', '0', NAME),
    },
    launcherAlone(both, mkdtempSync(join(place.run, 'alone-'))),
    {
      name: PODMAN,
      argv: () => both.peer.command('start', NAME),
      env: both.peer.env,
      after: () => void theirs(both, 'stop', '-t', '0', NAME),
    },
  ];
  try {
    return {
      title: '`start` of a container that has run before',
      about:
        'Its plan is compiled. The launcher alone executes the same plan, monitor included, started by nothing but the benchmark.',
      samples: interleave(contenders, { ...ROUNDS, scratch: place.directory }),
      goals: [
        { against: ALONE, factor: 2 },
        { against: PODMAN, factor: 0.25 },
      ],
    };
  } finally {
    removeBoth(both);
  }
}

const BY_ITSELF = 'the process by itself';
const LOOK_MS = 0.2;

const isOver = (pid: number): boolean => {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return true;
  }
};

const TERM_BIT = 1n << 14n;

/** Its first process has come so far that it heeds the signal; until then the first one of a namespace is deaf to it. */
function untilReady(pid: number): number {
  const isReady = (): boolean =>
    (BigInt(`0x${/^SigCgt:\s+(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0}`) & TERM_BIT) !==
    0n;
  while (!isReady()) Bun.sleepSync(LOOK_MS);
  return pid;
}

const ourProcess = (both: Engines): number => untilReady(processOf(ours(both, 'inspect', NAME)));
const theirProcess = (both: Engines): number => untilReady(processOf(theirs(both, 'inspect', NAME)));

/** Milliseconds from the signal to the end of the first process. */
function ownEnd(both: Engines): number {
  const pid = ourProcess(both);
  const begun = performance.now();
  process.kill(pid, 'SIGTERM');
  while (!isOver(pid)) Bun.sleepSync(LOOK_MS);
  return performance.now() - begun;
}

/** `stop` of a container that ends as soon as it is asked to. */
export function stopOne(image: string, place: EnginePlace): Section {
  const both = enginesWith(image, place, 'stop');
  runBoth(both, image, WELL_BEHAVED);
  const alone: number[] = [];
  const contenders: Contender[] = [
    {
      name: OURS,
      argv: () => both.sampan('stop', NAME),
      after: () => {
        ours(both, 'start', NAME);
        alone.push(ownEnd(both));
        ours(both, 'wait', NAME);
        ours(both, 'start', NAME);
        ourProcess(both);
      },
    },
    {
      name: PODMAN,
      argv: () => both.peer.command('stop', NAME),
      env: both.peer.env,
      after: () => {
        theirs(both, 'start', NAME);
        theirProcess(both);
      },
    },
  ];
  try {
    const samples = interleave(contenders, { ...ROUNDS, scratch: place.directory });
    return {
      title: '`stop` of a well-behaved container',
      about: `\`${WELL_BEHAVED.join(' ')}\`; "${BY_ITSELF}" is the time from the signal to its end.`,
      samples: new Map([...samples, [BY_ITSELF, alone]]),
      goals: [{ atMost: 20, over: BY_ITSELF }],
    };
  } finally {
    removeBoth(both);
  }
}
