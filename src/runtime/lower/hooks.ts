import type { Step } from '#kernel/plan.ts';
import type { Hook, HookKind, Spec } from '#runtime/spec/spec.ts';

/** What a hook is told about the container beside its pid. */
export interface HookSubject {
  id: string;
  bundle: string;
}

/** Where a hook runs: its directory, and the container's first process as seen there (left out: the process itself). */
interface HookPlace {
  cwd?: string;
  pidfd?: string;
  /** A failure kills the process in pidfd. */
  kill?: true;
}

const STATUS: Readonly<Record<HookKind, string>> = {
  // They once ran at the start; programs and the specification's own tests still expect that word, as crun gives it.
  prestart: 'created',
  createRuntime: 'creating',
  createContainer: 'creating',
  startContainer: 'created',
  poststart: 'running',
  poststop: 'stopped',
};

/**
 * The hooks of one kind, in order. Each gets the state on standard input; one that fails fails the plan, but for those
 * of `poststop`, which only warn. Nothing but what the configuration says is in their environment.
 */
export function lowerHooks(spec: Spec, kind: HookKind, subject: HookSubject, place: HookPlace = {}): Step[] {
  const hooks = spec.hooks?.[kind] ?? [];
  if (hooks.length === 0) return [];
  const state = stateAround(spec, kind, subject);
  return hooks.map((hook, index): Step => {
    const { kill, ...where } = place;
    return {
      op: 'hook',
      path: hook.path,
      argv: argvOf(hook),
      env: hook.env ?? [],
      timeout: hook.timeout ?? 0,
      ...state,
      ...where,
      ...(kill === undefined ? {} : { kill: 1 }),
      origin: `hooks.${kind}[${index}]`,
      ...(kind === 'poststop' ? { onError: 'warn' } : {}),
    };
  });
}

export function hasHooks(spec: Spec, ...kinds: HookKind[]): boolean {
  return kinds.some((kind) => (spec.hooks?.[kind]?.length ?? 0) > 0);
}

function argvOf({ path, args }: Hook): readonly string[] {
  return args === undefined || args === null || args.length === 0 ? [path] : args;
}

/** The state as JSON, cut where the pid goes; a stopped container has none. */
function stateAround(spec: Spec, kind: HookKind, { id, bundle }: HookSubject): { head: string; tail?: string } {
  const before = { ociVersion: spec.ociVersion, id, status: STATUS[kind] };
  const after = { bundle, ...(spec.annotations ? { annotations: spec.annotations } : {}) };
  if (kind === 'poststop') return { head: JSON.stringify({ ...before, ...after }) };
  return { head: `${JSON.stringify(before).slice(0, -1)},"pid":`, tail: `,${JSON.stringify(after).slice(1)}` };
}
