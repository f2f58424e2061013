import { Fault } from '#base/fault.ts';
import { contains, familyBits, formatAddress, overlap, prefixSize, type Address, type Prefix } from '#base/ip.ts';

/** Blocks that networks without a wish of their own get a part of, in this order. Private ones: RFC 1918, RFC 4193. */
const POOLS: readonly { base: Prefix; length: number }[] = [
  { base: { family: 4, value: 0x0a58_0000n, length: 13 }, length: 16 }, // 10.88.0.0 and up
  { base: { family: 4, value: 0xac10_0000n, length: 12 }, length: 16 }, // 172.16.0.0 and up
  { base: { family: 4, value: 0xc0a8_0000n, length: 16 }, length: 24 }, // 192.168.0.0 and up
];

/** The first block of IPv4 addresses that overlaps nothing that is taken. */
export function freeSubnet(taken: readonly Prefix[]): Prefix {
  for (const { base, length } of POOLS) {
    const size = 1n << BigInt(32 - length);
    const start = (base.value / size) * size;
    for (let value = start; contains(base, { family: 4, value }); value += size) {
      const candidate: Prefix = { family: 4, value, length };
      if (!taken.some((other) => overlap(other, candidate))) return candidate;
    }
  }
  throw new Fault('exhausted', 'create network: every block of private addresses is in use', {
    field: '--subnet',
    hint: 'sampan network prune removes networks that nobody uses; --subnet names a block.',
  });
}

/** A block below fd00::/8 for a network, from its id: the same on every machine would meet itself behind a tunnel. */
export function uniqueLocal(id: string): Prefix {
  const global = BigInt(`0x${id.slice(0, 14)}`); // 40 bits of global id, 16 of subnet
  return { family: 6, value: ((0xfdn << 120n) | (global << 64n)) & ~((1n << 64n) - 1n), length: 64 };
}

/** First address that containers may have, and the one behind the last: without the network's and the broadcast one. */
function bounds(subnet: Prefix, range: Prefix): { from: bigint; until: bigint } {
  const small = subnet.length >= familyBits(subnet.family) - 1;
  const first = range.value === subnet.value && !small ? 1n : 0n;
  const end = range.value + prefixSize(range);
  const last = subnet.family === 4 && !small && end === subnet.value + prefixSize(subnet) ? 1n : 0n;
  return { from: range.value + first, until: end - last };
}

export const firstAddress = (subnet: Prefix): Address => ({
  family: subnet.family,
  value: bounds(subnet, subnet).from,
});

/** The lowest address of the range that nobody has. `taken`: those in use, the gateway among them. */
export function freeAddress(subnet: Prefix, range: Prefix, taken: ReadonlySet<string>): Address {
  const { from, until } = bounds(subnet, range);
  for (let value = from; value < until; value++) {
    const address: Address = { family: subnet.family, value };
    if (!taken.has(formatAddress(address))) return address;
  }
  throw new Fault('exhausted', 'give the container an address: the network has none left', {
    hint: 'Remove containers of the network, or make one with a larger --subnet.',
  });
}

/** Whether a container may be given this address. */
export function isUsable(subnet: Prefix, address: Address): boolean {
  const { from, until } = bounds(subnet, subnet);
  return address.family === subnet.family && address.value >= from && address.value < until;
}
