import { Fault } from '#base/fault.ts';

/** As far as the kernel counts: nodes by set_mempolicy, processors in practice. */
const MOST = 8192;

/** A list such as `0-2,5` as one bit per number, the first in the lowest bit of the first byte; whole words. */
export function bitsOfList(list: string, field: string, most = MOST): Uint8Array<ArrayBuffer> {
  const numbers: number[] = [];
  for (const part of list.split(',')) {
    const match = /^\s*([0-9]+)(?:-([0-9]+))?\s*$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first || last >= most) {
      throw new Fault('invalid', `${field}: "${list}" is no list such as 0-2,5 of numbers below ${most}`, { field });
    }
    for (let number = first; number <= last; number++) numbers.push(number);
  }
  const bytes = new Uint8Array((Math.floor(Math.max(...numbers) / 64) + 1) * 8);
  for (const number of numbers) bytes[number >> 3] = (bytes[number >> 3] ?? 0) | (1 << (number & 7));
  return bytes;
}
