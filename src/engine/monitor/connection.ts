import { closeSync, constants, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Fault } from '#base/fault.ts';
import { parseReport, type ReportRecord } from '#kernel/report.ts';
import { FRAME, frame, frameParser, resizeFrame, restartFrame } from './frames.ts';
import { HEALTH_STATUSES, type HealthStatus } from './health-file.ts';
import { parseExit, type ExitStatus } from './exit-file.ts';

export interface MonitorEvents {
  /** Output; return false to be given no more until `resume` is called. */
  output?: (stream: 'stdout' | 'stderr', data: Buffer) => boolean | void;
  started?: (pid: number) => void;
  /** A run has ended, and the next one is still to begin. */
  restarting?: () => void;
  /** A step that may fail did. */
  warned?: (record: ReportRecord) => void;
  /** A health check has ended. */
  checked?: (good: boolean, status: HealthStatus) => void;
}

/** How the container's life as seen over the socket ended. */
export type MonitorEnd =
  | { kind: 'exited'; status: ExitStatus }
  | { kind: 'failed'; record: ReportRecord | undefined }
  | { kind: 'gone' };

export interface MonitorConnection {
  start(): void;
  /** False when the monitor takes no more for now; `onDrain` says when. */
  stdin(data: Uint8Array): boolean;
  onDrain(listener: () => void): void;
  closeStdin(): void;
  resize(rows: number, columns: number): void;
  signal(number: number): void;
  /** Check its health now. */
  check(): void;
  /** What follows the end of this run, or of one that has just ended: `restartCode`. */
  restart(code: number): void;
  /** No output from here on, only how it ends. */
  quiet(): void;
  resume(): void;
  close(): void;
  /** Closes once all that was sent has left this process. */
  finish(): Promise<void>;
  end: Promise<MonitorEnd>;
}

/**
 * Connects to the monitor of the container kept in `directory`. Goes by /proc/self/fd, because a socket's path may
 * have only 108 bytes. Fault `unavailable` when nobody listens.
 */
export async function connectMonitor(directory: string, events: MonitorEvents = {}): Promise<MonitorConnection> {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  let socket: Socket;
  try {
    socket = await connected(`/proc/self/fd/${fd}/attach.sock`);
  } finally {
    closeSync(fd);
  }
  const end = followSocket(socket, events);
  return {
    start: () => void socket.write(frame(FRAME.start)),
    stdin: (data) => socket.write(frame(FRAME.stdin, data)),
    onDrain: (listener) => void socket.once('drain', listener),
    closeStdin: () => void socket.write(frame(FRAME.closeStdin)),
    resize: (rows, columns) => void socket.write(resizeFrame(rows, columns)),
    signal: (number) => void socket.write(frame(FRAME.signal, Uint8Array.of(number))),
    check: () => void socket.write(frame(FRAME.check)),
    restart: (code) => void socket.write(restartFrame(code)),
    quiet: () => void socket.write(frame(FRAME.quiet)),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
    // The other side may have closed it before.
    finish: () =>
      Promise.race([end.then(() => undefined), new Promise<void>((resolve) => socket.end(() => resolve()))]),
    end,
  };
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (cause) => reject(new Fault('unavailable', 'connect to the monitor', { cause })));
  });
}

function followSocket(socket: Socket, events: MonitorEvents): Promise<MonitorEnd> {
  return new Promise((resolve) => {
    const feed = frameParser((type, payload) => {
      if (type === FRAME.stdout || type === FRAME.stderr) {
        const more = events.output?.(type === FRAME.stdout ? 'stdout' : 'stderr', payload);
        if (more === false) socket.pause();
      } else if (type === FRAME.started) events.started?.(Number(payload.toString('latin1')));
      else if (type === FRAME.exited) resolve({ kind: 'exited', status: parseExit(payload.toString('utf8')) });
      else if (type === FRAME.restarting) events.restarting?.();
      else if (type === FRAME.warned) for (const record of parseReport(Buffer.from(payload))) events.warned?.(record);
      else if (type === FRAME.checked)
        events.checked?.(payload[0] === 1, HEALTH_STATUSES[payload[1] ?? 0] ?? 'starting');
      else if (type === FRAME.failed) resolve({ kind: 'failed', record: parseReport(Buffer.from(payload))[0] });
    });
    socket.on('data', feed);
    socket.on('error', () => undefined); // 'close' follows and says all that is known
    socket.on('close', () => resolve({ kind: 'gone' }));
  });
}
