import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { Io } from '#doors/cli/io.ts';

/** A pipe is emptied in a moment, or its reader has something else to do. */
const AGAIN_MS = { first: 0.05, longest: 2 };

/**
 * Where an archive goes: into a file, written aside and renamed, so that a broken one is never taken for whole; or to
 * standard output, unless that is a terminal.
 */
export function archiveOutput(io: Io, path: string | undefined): (chunks: AsyncIterable<Uint8Array>) => Promise<void> {
  if (path !== undefined && path !== '-') return (chunks) => toFile(path, chunks);
  if (io.stdout.isTTY === true) {
    throw new Fault('invalid', 'an archive is not written to a terminal', {
      field: '--output',
      hint: 'Name a file with -o, or redirect standard output.',
    });
  }
  return (chunks) => writeAll(1, chunks);
}

/** A pipe or a device is written to as it is. */
async function toFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const there = statSync(path, { throwIfNoEntry: false });
  const plain = there === undefined || there.isFile();
  const target = plain ? join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`) : path;
  const fd = open(target, plain ? 'wx' : 'w', path);
  try {
    await writeAll(fd, chunks);
    if (plain) renameSync(target, path);
  } catch (error) {
    if (plain) rmSync(target, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function open(target: string, flags: string, path: string): number {
  try {
    return openSync(target, flags, 0o600);
  } catch (cause) {
    throw new Fault('invalid', `write to ${path}`, { cause, field: '--output' });
  }
}

async function writeAll(fd: number, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) writeChunk(fd, chunk);
}

function writeChunk(fd: number, chunk: Uint8Array): void {
  let again: number = AGAIN_MS.first;
  for (let at = 0; at < chunk.length;) {
    const written = writeSome(fd, chunk, at);
    at += written;
    if (written === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, again);
    again = written === 0 ? Math.min(2 * again, AGAIN_MS.longest) : AGAIN_MS.first;
  }
}

/** 0 when there is no room at the moment. */
function writeSome(fd: number, chunk: Uint8Array, at: number): number {
  try {
    return writeSync(fd, chunk, at);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EPIPE') throw new Fault('cancelled', 'write the archive: its reader has gone', { cause });
    if (code !== 'EAGAIN') throw cause;
    return 0;
  }
}
