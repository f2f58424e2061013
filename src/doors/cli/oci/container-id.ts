import { usage } from '#doors/cli/flags.ts';

/** The only argument of most verbs. */
export function containerId(rest: readonly string[], most = 1): string {
  const [id] = rest;
  if (id === undefined || id === '') throw usage('a container id is needed');
  if (rest.length > most) throw usage(`too many arguments: ${rest.slice(most).join(' ')}`);
  return id;
}
