import type { Spec } from '#runtime/spec/spec.ts';
import type { StoredState } from '#runtime/state/stored-state.ts';

/** The freezer's group comes first, as that is where one looks whether the container is held. */
const rank = (path: string): number => (path.includes('/freezer') ? 0 : 1);

/**
 * What the front needs to answer for a container by itself (front/stored_container.c): which verbs it may carry out,
 * the control groups, and the text of `state` with \1 for the pid and \2 for the status; its last line tells that it is
 * whole. Undefined where that cannot
 * be written in lines.
 */
export function answersOf(spec: Spec, state: StoredState, waitsForReady: boolean): string | undefined {
  const verbs = plainVerbs(spec, state, waitsForReady);
  const groups = state.cgroups.toSorted((left, right) => rank(left) - rank(right));
  if (groups.some((path) => path.includes('\n'))) return undefined;
  const lines = [
    'sampan answers 1',
    ['can', ...verbs, ''].join(' '),
    ...groups.map((path) => `group ${path}`),
    'state',
  ];
  return `${lines.join('\n')}\n${stateText(state)}end\n`;
}

/** Whatever has hooks to run, processes that no namespace ends, or more to remove than groups, is left to the TypeScript. */
function plainVerbs({ hooks, linux }: Spec, { hostRoot, unit }: StoredState, waitsForReady: boolean): string[] {
  const has = (kind: 'poststart' | 'poststop'): boolean => (hooks?.[kind] ?? []).length > 0;
  const ownPids = (linux?.namespaces ?? []).some(({ type, path }) => type === 'pid' && !path);
  const plain: Readonly<Record<string, boolean>> = {
    start: !has('poststart') && !waitsForReady,
    kill: ownPids,
    delete: !has('poststop') && hostRoot === undefined && unit === undefined && linux?.intelRdt === undefined,
  };
  return Object.keys(plain).filter((verb) => plain[verb] === true);
}

function stateText({ ociVersion, id, bundle, rootfs, created, annotations, owner }: StoredState): string {
  const rest = { bundle, rootfs, created, ...(annotations === undefined ? {} : { annotations }), owner };
  const head = `{\n  "ociVersion": ${JSON.stringify(ociVersion)},\n  "id": ${JSON.stringify(id)},\n`;
  return `${head}  "pid": \u0001,\n  "status": "\u0002",\n${JSON.stringify(rest, undefined, 2).slice(2)}\n`;
}
