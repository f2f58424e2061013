import { watch, type FSWatcher } from 'node:fs';
import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { stateOf } from '#engine/container/list.ts';
import { containerDirectory, type ContainerRecord } from '#engine/container/record.ts';
import { isUp } from '#engine/container/state.ts';
import { LOG_DRIVERS } from './drivers.ts';
import { JSON_LINES } from './json.ts';
import { LINES } from './lines.ts';
import { logReader, type LogReader } from './reader.ts';
import type { OnRecord } from './records.ts';
import { logChoice, logPath } from './target.ts';
import { lastLines, within, type Window } from './window.ts';

export interface LogRequest extends Window {
  follow: boolean;
  /** The last so many lines; all when left out. */
  tail?: number;
  signal?: AbortSignal;
}

export interface LogSink {
  record: OnRecord;
  /** All that there is has been handed out for now. */
  pause(): void;
  /** So many files of the log were rotated away before they could be read. */
  lost(files: number): void;
}

const LOOK_AGAIN_MS = 100;

/** The lines that a container wrote, oldest first; with `follow` until it ends and all of it has been read. */
export async function readLogs(
  engine: Engine,
  record: ContainerRecord,
  request: LogRequest,
  sink: LogSink,
): Promise<void> {
  const { driver } = logChoice(record);
  const written = LOG_DRIVERS[driver]?.format;
  if (written === 'journal') {
    const { readJournal } = await import('./journal.ts');
    return readJournal(engine, record, request, sink);
  }
  const path = logPath(engine, record);
  if (path === undefined) {
    throw new Fault('conflict', `read the log of container ${record.name}: it has none`, {
      hint: `It was made with --log-driver ${driver}.`,
    });
  }
  const wanted = within(request, sink.record);
  // With a window, the last lines of it are known only at its end.
  const isBounded = request.since !== undefined || request.until !== undefined;
  const last = request.tail !== undefined && isBounded ? lastLines(request.tail) : undefined;
  let take = last === undefined ? wanted : within(request, last.take);
  const format = written === 'json' ? JSON_LINES : LINES;
  const reader = logReader({
    place: { path, directory: containerDirectory(engine.root, record.id) },
    format,
    decode: format.decoder((bytes, start, end, stream, time) => take(bytes, start, end, stream, time)),
    ...(request.tail === undefined || isBounded ? {} : { tail: request.tail }),
    onLost: (files) => sink.lost(files),
  });
  try {
    reader.drain(!request.follow);
    last?.give(sink.record);
    take = wanted;
    sink.pause();
    if (request.follow) await follow(engine, record, path, { reader, sink, request });
  } finally {
    reader.close();
  }
}

interface Following {
  reader: LogReader;
  sink: LogSink;
  request: LogRequest;
}

/** Wakes on changes of the file, and in any case ten times a second, until the container has ended. */
async function follow(
  engine: Engine,
  record: ContainerRecord,
  path: string,
  { reader, sink, request }: Following,
): Promise<void> {
  while (request.signal?.aborted !== true) {
    // Asked before reading, so that what was logged before the end is read after it.
    const over = !isUp(stateOf(engine, record)) || (request.until !== undefined && Date.now() > request.until);
    reader.drain(false);
    sink.pause();
    if (over || engine.containers.get(record.id) === undefined) return;
    await nextChange(path, request.signal);
  }
}

/** In the middle of a rotation there is no file of that name; then the clock alone wakes. */
function watched(path: string, changed: () => void): FSWatcher | undefined {
  try {
    return watch(path, changed);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function nextChange(path: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watched(path, () => done());
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
