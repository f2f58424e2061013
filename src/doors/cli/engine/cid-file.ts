import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { Fault } from '#base/fault.ts';

/**
 * Runs `make` and writes the id that it gives to a new file; a failure leaves none. A file that is there already is
 * somebody else's container.
 */
export async function withCidFile<T extends { id: string }>(
  path: string | undefined,
  make: () => Promise<T>,
): Promise<T> {
  if (path === undefined || path === '') return make();
  let fd: number;
  try {
    fd = openSync(path, 'wx', 0o644);
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw new Fault('invalid', `write --cidfile: ${path}${isThere ? ' is there already' : ''}`, {
      cause,
      field: '--cidfile',
      ...(isThere ? { hint: 'Make sure that the other container is not needed, and delete the file.' } : {}),
    });
  }
  try {
    const made = await make();
    writeSync(fd, made.id);
    return made;
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
