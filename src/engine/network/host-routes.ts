import type { Prefix } from '#base/ip.ts';
import { textOf } from './text-of.ts';

/** Blocks of addresses that this machine has routes to, but for its default routes. */
export function hostRoutes(): Prefix[] {
  return [...parseRoutes(textOf('/proc/net/route')), ...parseRoutes6(textOf('/proc/net/ipv6_route'))];
}

/** proc(5): Iface, Destination, Gateway, Flags, RefCnt, Use, Metric, Mask, ... with words in the machine's order. */
export function parseRoutes(text: string): Prefix[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .filter(({ length }) => length > 7)
    .map(([, destination = '', , , , , , mask = '']) => {
      const bits = swapped(mask).toString(2);
      return { family: 4 as const, value: swapped(destination), length: bits === '0' ? 0 : bits.lastIndexOf('1') + 1 };
    })
    .filter(({ length }) => length > 0);
}

const swapped = (hex: string): bigint => BigInt(`0x${hex.trim().match(/../g)?.reverse().join('') ?? '0'}`);

/** The destination as 32 digits and its length as two, both hexadecimal; those that lead nowhere are none. */
export function parseRoutes6(text: string): Prefix[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 9 && fields[9] !== 'lo')
    .map(([value = '0', length = '0']) => ({
      family: 6 as const,
      value: BigInt(`0x${value}`),
      length: Number.parseInt(length, 16),
    }))
    .filter(({ length }) => length > 0);
}
