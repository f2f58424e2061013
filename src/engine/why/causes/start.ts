import { certain, type Look } from '#engine/why/cause.ts';
import type { WhyFacts } from '#engine/why/facts.ts';
import { noexecMount } from './noexec.ts';

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
  const what = failure.message.replace(/^start container \S+: /, '');
  return certain(`It could not be started: ${what}.`, [...evidence, ...more], hint);
};

/** What failed is newer than what has run; it is written down right after the monitor has said so. */
export function isLatest({ failure, exit, status }: WhyFacts): boolean {
  if (failure === undefined || status === 'running' || status === 'paused' || status === 'dead') return false;
  return exit === undefined || failure.time >= exit.finished;
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
  const mount = noexecMount(path, confinement);
  if (mount !== undefined) {
    return [[`${mount} is mounted noexec`], `Mount ${mount} with exec, or put the program elsewhere.`];
  }
  const user = `user ${confinement?.uid ?? 0}`;
  return [[`${user} may not execute it, or may not search a directory above it`], failure.hint];
}

export const STARTS: Readonly<Record<string, Look>> = { 'failed-start': failedStart };
