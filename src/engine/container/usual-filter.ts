import type { HostFacts } from '#kernel/host-facts.ts';
import { DEFAULT_CAPABILITIES } from './capabilities.ts';
import { USUAL_FILTERS } from './usual-filter.gen.ts';

/**
 * The compiled seccomp filter for exactly the usual capabilities, made when sampan was built: compiling it takes
 * longer than most of a start. Undefined for any other set.
 */
export function usualFilter(capabilities: readonly string[], arch: HostFacts['arch']): Uint8Array | undefined {
  if (capabilities.length !== DEFAULT_CAPABILITIES.length) return undefined;
  if (capabilities.some((name, index) => name !== DEFAULT_CAPABILITIES[index])) return undefined;
  return Buffer.from(USUAL_FILTERS[arch], 'base64');
}
