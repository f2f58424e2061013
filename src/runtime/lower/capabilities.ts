import { allCapabilities, capabilityBits } from '#kernel/capability-set.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { Step } from '#kernel/plan.ts';
import type { Capabilities, CapabilitySet } from '#runtime/spec/spec.ts';

export interface LoweredCapabilities {
  /** Before the change of user: what is dropped here no program can get back. */
  bounding: Step[];
  /** After it. */
  sets: Step[];
  warnings: string[];
}

/** Without `process.capabilities` a container gets none. Unknown names are left out with a warning (spec 1.1). */
export function lowerCapabilities(capabilities: Capabilities = {}, facts: HostFacts): LoweredCapabilities {
  const warnings: string[] = [];
  const bits = (set: CapabilitySet): bigint => {
    const { bits: known, unknown } = capabilityBits(capabilities[set] ?? []);
    const missing = known & ~allCapabilities(facts.lastCapability);
    for (const name of unknown) warnings.push(`process.capabilities.${set}: "${name}" is not known and left out`);
    if (missing !== 0n) warnings.push(`process.capabilities.${set}: this kernel does not know all of them`);
    return known & ~missing;
  };
  const permitted = bits('permitted');
  const inheritable = bits('inheritable');
  const origin = 'process.capabilities';
  return {
    bounding: [{ op: 'dropBounding', keep: bits('bounding'), origin: `${origin}.bounding` }],
    sets: [
      {
        op: 'caps',
        effective: bits('effective') & permitted,
        permitted,
        inheritable,
        ambient: bits('ambient') & permitted & inheritable,
        origin,
      },
    ],
    warnings,
  };
}
