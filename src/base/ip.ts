import { Fault } from './fault.ts';

/** An address of either family: 4 or 16 bytes as one number. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A block of addresses: `address` is its first one. */
export interface Prefix extends Address {
  readonly length: number;
}

export const familyBits = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** An address in its usual text; `field` names the input at fault. */
export function parseAddress(text: string, field: string): Address {
  const address = addressOf(text);
  if (address !== undefined) return address;
  throw new Fault('invalid', `${field}: ${JSON.stringify(text)} is no IP address`, { field });
}

/** Undefined for anything that is none; an IPv6 address with a zone is none. */
export function addressOf(text: string): Address | undefined {
  const family = text.includes(':') ? 6 : 4;
  const value = family === 4 ? ipv4Value(text) : ipv6Value(text);
  return value === undefined ? undefined : { family, value };
}

/** `ADDRESS/LENGTH`; the bits behind the length are kept by `address` and cleared in `prefix`. */
export function parsePrefix(text: string, field: string): { address: Address; prefix: Prefix } {
  const slash = text.lastIndexOf('/');
  const digits = text.slice(slash + 1);
  const address = slash < 0 ? undefined : parseAddress(text.slice(0, slash), field);
  const length = /^\d{1,3}$/.test(digits) ? Number(digits) : -1;
  if (address === undefined || length < 0 || length > familyBits(address.family)) {
    throw new Fault('invalid', `${field}: ${JSON.stringify(text)} is no subnet`, {
      field,
      hint: 'A subnet is written as 10.1.0.0/16 or fd00:1::/64.',
    });
  }
  return { address, prefix: prefixOf(address, length) };
}

function prefixOf({ family, value }: Address, length: number): Prefix {
  const rest = BigInt(familyBits(family) - length);
  return { family, value: (value >> rest) << rest, length };
}

export const formatPrefix = (prefix: Prefix): string => `${formatAddress(prefix)}/${prefix.length}`;

export const prefixSize = ({ family, length }: Prefix): bigint => 1n << BigInt(familyBits(family) - length);

export const contains = (outer: Prefix, inner: Address): boolean =>
  outer.family === inner.family && inner.value >= outer.value && inner.value < outer.value + prefixSize(outer);

export const overlap = (a: Prefix, b: Prefix): boolean => contains(a, b) || contains(b, a);

/** In network order. */
export function addressBytes({ family, value }: Address): Uint8Array {
  const bytes = Buffer.alloc(familyBits(family) / 8);
  for (let at = bytes.length - 1, left = value; at >= 0; at--, left >>= 8n) bytes[at] = Number(left & 0xffn);
  return bytes;
}

export function formatAddress(address: Address): string {
  const bytes = addressBytes(address);
  return address.family === 4 ? bytes.join('.') : formatIpv6(bytes);
}

function ipv4Value(text: string): bigint | undefined {
  const parts = text.split('.');
  const fine = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return fine ? parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n) : undefined;
}

/** RFC 4291, section 2.2: groups, one `::`, the last two groups as an IPv4 address. */
function ipv6Value(text: string): bigint | undefined {
  const halves = text.split('::').map(groupsOf);
  const [head = [], tail] = halves;
  if (halves.length > 2 || halves.includes(undefined)) return undefined;
  const known = head.length + (tail?.length ?? 0);
  if (tail === undefined ? known !== 8 : known > 7) return undefined;
  const zeros = Array.from({ length: 8 - known }, () => 0n);
  return [...head, ...zeros, ...(tail ?? [])].reduce((sum, group) => (sum << 16n) | group, 0n);
}

function groupsOf(text: string): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [at, part] of parts.entries()) {
    const dotted = at === parts.length - 1 && part.includes('.') ? ipv4Value(part) : undefined;
    if (dotted !== undefined) groups.push(dotted >> 16n, dotted & 0xffffn);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}

/** RFC 5952: the longest run of two or more zero groups is left out, the first of equals. */
function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > best.length) best = { at, length: end - at };
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  return best.at < 0 ? text(groups) : `${text(groups.slice(0, best.at))}::${text(groups.slice(best.at + best.length))}`;
}
