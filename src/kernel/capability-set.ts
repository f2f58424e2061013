import { CAPABILITIES } from './capabilities.gen.ts';

const NUMBERS = new Map(CAPABILITIES.map((name, number) => [name, number]));

/** Names to a bit set, with the names nobody knows. A name may lack its `CAP_` and be in any case. */
export function capabilityBits(names: readonly string[]): { bits: bigint; unknown: string[] } {
  let bits = 0n;
  const unknown: string[] = [];
  for (const name of names) {
    const number = capabilityNumber(name);
    if (number < 0) unknown.push(name);
    else bits |= 1n << BigInt(number);
  }
  return { bits, unknown };
}

/** -1 for a name nobody knows. */
function capabilityNumber(name: string): number {
  const exact = NUMBERS.get(name);
  if (exact !== undefined) return exact;
  const upper = name.toUpperCase();
  return NUMBERS.get(upper.startsWith('CAP_') ? upper : `CAP_${upper}`) ?? -1;
}

export function capabilityNames(bits: bigint): string[] {
  return CAPABILITIES.filter((_, number) => ((bits >> BigInt(number)) & 1n) === 1n);
}

/** All capabilities up to the kernel's last one. */
export function allCapabilities(last: number): bigint {
  return (1n << BigInt(last + 1)) - 1n;
}

export function holds(bits: bigint, name: string): boolean {
  return ((bits >> BigInt(capabilityNumber(name))) & 1n) === 1n;
}
