import type { Engine } from '#engine/engine.ts';

const USUAL_ROOT = '/var/lib/sampan';
const PORTS = { first: 20_000, count: 10_000 };

/** The table of this root's networks: several roots may be on one machine. */
export const firewallTable = ({ root }: Pick<Engine, 'root'>): string =>
  root === USUAL_ROOT ? 'sampan' : `sampan-${fnv1a(root).toString(16)}`;

/** Where this root's resolver listens, at the host's address in each network; the rules lead port 53 there. */
export const resolverPort = ({ root }: Pick<Engine, 'root'>): number => PORTS.first + (fnv1a(root) % PORTS.count);

/** Of the bytes of a text: 32 bits that tell a handful of roots apart. */
function fnv1a(text: string): number {
  let hash = 0x811c_9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x0100_0193) >>> 0;
  return hash;
}
