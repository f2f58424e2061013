import { constants, fstatSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const FLAGS = constants.O_RDWR | constants.O_APPEND;
/** open(2): O_TMPFILE, which Node has no name for; with O_EXCL the file can never get a name either. */
const WITHOUT_NAME = 0o20000000 | constants.O_DIRECTORY | constants.O_EXCL;

/** A file without a name, holding `content`; opened for reading and appending. */
export function scratchFile(scratch: string, content: Uint8Array | undefined): number {
  const fd = openScratch(scratch);
  if (content === undefined) return fd;
  let done = 0;
  while (done < content.length) done += writeSync(fd, content, done);
  return fd;
}

/** Where the file system can, it never has a name that a kill could leave behind. */
function openScratch(scratch: string): number {
  try {
    return openSync(scratch, FLAGS | WITHOUT_NAME, 0o600);
  } catch {
    // The directory is private, so the name need not be a secret; another process has another number.
    const path = join(scratch, `.${process.pid}.${performance.now()}`);
    const fd = openSync(path, FLAGS | constants.O_CREAT | constants.O_EXCL, 0o600);
    unlinkSync(path);
    return fd;
  }
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
