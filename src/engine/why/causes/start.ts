import { certain, type Look } from '#engine/why/cause.ts';
import type { Confinement, ProgramFile, WhyFacts } from '#engine/why/facts.ts';

const EXECUTE = 0o111;

/** A start that failed, and no run since. */
const failedStart: Look = (facts) => {
  const { failure } = facts;
  if (failure === undefined || !isLatest(facts)) return undefined;
  const { errno, op, path } = failure.facts;
  const evidence = [
    ...(errno === undefined ? [] : [`errno ${String(errno)}${path ? ` at ${String(path)}` : ''}`]),
    ...(op === undefined ? [] : [`step ${String(op)} of the launch plan`]),
    ...(failure.field === undefined ? [] : [`asked for by ${failure.field}`]),
  ];
  const [more, hint] = refusal(facts) ?? [[], failure.hint];
  return certain(`It could not be started: ${failure.message}.`, [...evidence, ...more], hint);
};

/** The monitor says of a launch that failed when it ended; what failed before a launch has only its own time. */
export function isLatest({ failure, exit, status }: WhyFacts): boolean {
  if (failure === undefined || status === 'running' || status === 'paused') return false;
  return exit === undefined || exit.error !== undefined || failure.time > exit.finished;
}

/** Why a file that is there may not be executed; undefined when it was something else. */
function refusal({ failure, program, confinement }: WhyFacts): [string[], string | undefined] | undefined {
  if (failure?.facts['op'] !== 'exec' && failure?.facts['op'] !== 'findProgram') return undefined;
  if (failure.facts['errno'] !== 'EACCES' || program === undefined) return undefined;
  const { path, kind, mode } = program;
  if (kind === 'directory') return [[`${path} is a directory`], 'Name a program in it.'];
  if ((mode & EXECUTE) === 0) {
    const bits = mode.toString(8).padStart(4, '0');
    return [[`${path} has the mode ${bits}: nobody may execute it`], `chmod +x ${path} in the image.`];
  }
  const mount = noexecMount(program, confinement);
  if (mount !== undefined) {
    return [[`${mount} is mounted noexec`], `Mount ${mount} with exec, or put the program elsewhere.`];
  }
  const user = `user ${confinement?.uid ?? 0}`;
  return [[`${user} may not execute it, or may not search a directory above it`], failure.hint];
}

function noexecMount({ path }: ProgramFile, confinement: Confinement | undefined): string | undefined {
  const over = (confinement?.mounts ?? []).filter(
    ({ destination }) => path === destination || path.startsWith(`${destination.replace(/\/$/, '')}/`),
  );
  const nearest = over.toSorted((a, b) => b.destination.length - a.destination.length)[0];
  return nearest?.options.includes('noexec') === true ? nearest.destination : undefined;
}

export const STARTS: Readonly<Record<string, Look>> = { 'failed-start': failedStart };
