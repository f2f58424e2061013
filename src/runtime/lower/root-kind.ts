import type { Spec } from '#runtime/spec/spec.ts';
import type { LowerContext } from './context.ts';

/** An overlay whose container lives in a user namespace, new or joined: only the host's root may mount it as it is. */
export function isMappedRoot(spec: Spec, { root }: Pick<LowerContext, 'root'>): boolean {
  return root.kind === 'overlay' && (spec.linux?.namespaces ?? []).some(({ type }) => type === 'user');
}
