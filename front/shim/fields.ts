import { ByteWriter } from '#kernel/byte-writer.ts';
import { putRecord as putOneByOne, type Kinds } from '#kernel/fields.ts';
import { host } from './host.ts';

/** In one call of C. Whatever that does not take (a NUL in a text) is left to the portable one, which says what is wrong. */
export function putRecord(
  out: ByteWriter,
  head: number,
  kinds: Kinds,
  values: readonly unknown[],
  text: 'utf8' | 'latin1',
): void {
  // A writer of another kind sees every text.
  const isPlain = out.constructor === ByteWriter && text === 'utf8';
  const put = (buffer: ArrayBufferLike, at: number): number => host.putRecord(buffer, at, head, kinds, values);
  if (!isPlain || !out.fill(put)) putOneByOne(out, head, kinds, values, text);
}
