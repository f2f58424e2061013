import { Buffer } from './buffer.ts';
import { closeSync, openSync, readSync } from './fs.ts';

export function randomBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const fd = openSync('/dev/urandom');
  readSync(fd, bytes);
  closeSync(fd);
  return bytes;
}
