/** More than the zeros that gzip itself can end in: the checksum and the size. A frame of zstd may end in any number. */
const LONGEST_TRAILER = 16;
const ZEROS = Buffer.alloc(64 * 1024);

/**
 * Passes gzip on without the zeros that some programs fill up with behind it: the codec ignores them only when they come in
 * one piece with the end. As many as may belong to the end stay, and come with it.
 */
export async function* unpadded(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let last: Uint8Array = ZEROS.subarray(0, 0);
  let zeros = 0;
  for await (const chunk of source) {
    let end = chunk.length;
    while (end > 0 && chunk[end - 1] === 0) end -= 1;
    if (end === 0) {
      zeros += chunk.length;
      continue;
    }
    if (last.length > 0) yield last;
    // They were no padding.
    for (; zeros > 0; zeros -= Math.min(zeros, ZEROS.length)) yield ZEROS.subarray(0, Math.min(zeros, ZEROS.length));
    last = chunk.subarray(0, end);
    zeros = chunk.length - end;
  }
  if (last.length + zeros > 0) yield Buffer.concat([last, ZEROS.subarray(0, Math.min(zeros, LONGEST_TRAILER))]);
}
