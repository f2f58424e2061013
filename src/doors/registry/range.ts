/** What a Range header asks of `size` bytes (RFC 9110, 14.1.2): a part, nothing that is there, or all of them. */
export type Asked = { start: number; end: number } | 'unsatisfiable' | undefined;

/** `end` is the byte after the last. Several ranges, and what cannot be read, get all of it. */
export function askedRange(header: string | undefined, size: number): Asked {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
  }
  const start = Number(first);
  if (start >= size || (last !== '' && Number(last) < start)) return 'unsatisfiable';
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) };
}

/** `0-99` of a chunk's Content-Range, as the distribution specification writes it; undefined when it is none. */
export function chunkRange(header: string): { start: number; end: number } | undefined {
  const found = /^(\d{1,15})-(\d{1,15})$/.exec(header.trim());
  return found === null ? undefined : { start: Number(found[1]), end: Number(found[2]) };
}
