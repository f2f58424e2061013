import { constants, fstatSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A file without a name, holding `content`; opened for reading and appending. */
export function scratchFile(scratch: string, content: Uint8Array | undefined): number {
  // The directory is private, so the name need not be a secret; another process has another number.
  const path = join(scratch, `.${process.pid}.${performance.now()}`);
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL;
  const fd = openSync(path, flags, 0o600);
  unlinkSync(path);
  if (content === undefined) return fd;
  let done = 0;
  while (done < content.length) done += writeSync(fd, content, done);
  return fd;
}

/** Everything in the file behind `fd`, read from its start without moving its offset. */
export function readAll(fd: number): Buffer {
  const buffer = Buffer.alloc(fstatSync(fd).size);
  let done = 0;
  while (done < buffer.length) {
    const got = readSync(fd, buffer, done, buffer.length - done, done);
    if (got === 0) break;
    done += got;
  }
  return buffer.subarray(0, done);
}
