import { closeSync, fstatSync, openSync, readSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '#engine/engine.ts';
import { stateOf } from './list.ts';
import { logParser, type LogLine } from './log-lines.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { isUp } from './state.ts';

export interface LogRequest {
  follow: boolean;
  /** The last so many lines; all when left out. */
  tail?: number;
  /** Lines from this moment on; milliseconds since 1970. */
  since?: number;
  until?: number;
  signal?: AbortSignal;
}

const CHUNK = 1 << 16;
const LOOK_AGAIN_MS = 100;

/** The lines that a container wrote, oldest first; with `follow` until it ends and all of it has been read. */
export async function readLogs(
  engine: Engine,
  record: ContainerRecord,
  request: LogRequest,
  onLine: (line: LogLine) => void,
): Promise<void> {
  const path = join(containerDirectory(engine.root, record.id), 'log');
  const wanted = (line: LogLine): boolean => {
    const at = Date.parse(line.time);
    return (request.since === undefined || at >= request.since) && (request.until === undefined || at <= request.until);
  };
  const past: LogLine[] = [];
  const keep = (line: LogLine): void => {
    if (wanted(line)) past.push(line);
  };
  for (const old of rotatedFiles(path)) drainFile(old, logParser(keep));
  let emit = keep;
  const feed = logParser((line) => emit(line));
  const reader = openReader(path, feed);
  reader.drain();
  for (const line of lastLines(past, request.tail)) onLine(line);
  emit = (line) => void (wanted(line) && onLine(line));
  if (request.follow) await follow(engine, record, path, reader, request.signal);
  reader.close();
}

/** A line may be logged in parts; `tail` counts whole ones. */
function lastLines(lines: readonly LogLine[], tail: number | undefined): readonly LogLine[] {
  if (tail === undefined) return lines;
  let count = 0;
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const ends = lines[at]?.text.at(-1) === 0x0a || at === lines.length - 1;
    if (ends && ++count > tail) return lines.slice(at + 1);
  }
  return lines;
}

/** Older files of a rotated log, oldest first. */
function rotatedFiles(path: string): string[] {
  const files: string[] = [];
  for (let number = 1; statSync(`${path}.${number}`, { throwIfNoEntry: false }) !== undefined; number += 1)
    files.unshift(`${path}.${number}`);
  return files;
}

interface Reader {
  drain(): void;
  close(): void;
}

/** Reads on from where it stopped, and goes over to the new file when the log was rotated, after the rest of the old. */
function openReader(path: string, feed: (chunk: Buffer) => void): Reader {
  let fd: number | undefined;
  const open = (): void => {
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) fd = openSync(path, 'r');
  };
  const moved = (): boolean => fd !== undefined && fstatSync(fd).ino !== statSync(path, { throwIfNoEntry: false })?.ino;
  return {
    drain: () => {
      if (fd === undefined) open();
      if (fd === undefined) return;
      drainFd(fd, feed);
      if (!moved()) return;
      drainFd(fd, feed);
      closeSync(fd);
      fd = undefined;
      open();
      if (fd !== undefined) drainFd(fd, feed);
    },
    close: () => void (fd !== undefined && closeSync(fd)),
  };
}

function drainFile(path: string, feed: (chunk: Buffer) => void): void {
  const fd = openSync(path, 'r');
  drainFd(fd, feed);
  closeSync(fd);
}

function drainFd(fd: number, feed: (chunk: Buffer) => void): void {
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const got = readSync(fd, chunk, 0, CHUNK, null);
    if (got === 0) return;
    feed(chunk.subarray(0, got));
  }
}

/** Wakes on changes of the directory, and in any case ten times a second, until the container has ended. */
async function follow(
  engine: Engine,
  record: ContainerRecord,
  path: string,
  reader: Reader,
  signal: AbortSignal | undefined,
): Promise<void> {
  while (signal?.aborted !== true) {
    // Asked before reading, so that what was logged before the end is read after it.
    const over = !isUp(stateOf(engine, record));
    reader.drain();
    if (over || engine.containers.get(record.id) === undefined) return;
    await nextChange(path, signal);
  }
}

function nextChange(path: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const watcher = statSync(path, { throwIfNoEntry: false }) === undefined ? undefined : watch(path, () => done());
    const timer = setTimeout(() => done(), LOOK_AGAIN_MS);
    const done = (): void => {
      clearTimeout(timer);
      watcher?.close();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    signal?.addEventListener('abort', done);
    watcher?.on('error', done);
  });
}
