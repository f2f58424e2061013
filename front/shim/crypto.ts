import { Buffer } from './buffer.ts';
import { closeSync, openSync, readSync } from './fs.ts';

export function randomBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const fd = openSync('/dev/urandom');
  readSync(fd, bytes);
  closeSync(fd);
  return bytes;
}

/** A whole number below `limit`; 48 bits of chance leave no bias worth the name for short lists. */
export function randomInt(limit: number): number {
  const bytes = randomBytes(6);
  return bytes.reduce((value, byte) => value * 256 + byte, 0) % limit;
}

/** Nothing that the front does hashes anything; what does is done by the large program. */
export function createHash(): never {
  throw new Error('the front does not hash');
}
