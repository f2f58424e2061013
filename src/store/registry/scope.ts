/**
 * Scopes of the distribution token protocol, `repository:library/debian:pull,push`: those that a challenge names (in one
 * text, spaces between) and those that we shall need, one for each resource, so that one token serves all requests.
 */
export function mergeScopes(...texts: readonly string[]): string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of texts.flatMap((text) => text.split(/\s+/).filter(Boolean))) {
    const colon = scope.lastIndexOf(':');
    const resource = scope.slice(0, Math.max(colon, 0));
    const known = actions.get(resource) ?? new Set();
    for (const action of scope.slice(colon + 1).split(',')) known.add(action);
    actions.set(resource, known);
  }
  return [...actions].map(([resource, known]) => `${resource}:${[...known].join(',')}`);
}
