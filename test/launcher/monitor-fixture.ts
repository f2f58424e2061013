/** One container of a test: a busybox shell in a PID namespace of its own, supervised by the launcher's monitor. */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePlan } from '#kernel/encode.ts';
import type { Plan, Step } from '#kernel/plan.ts';
import { parseReport, type ReportRecord } from '#kernel/report.ts';

type MonitorStep = Extract<Step, { op: 'monitor' }>;

const CLONE_NEWPID = 0x20000000;

export const TO = {
  stdin: 0,
  start: 32,
  resize: 33,
  closeStdin: 34,
  quiet: 35,
  signal: 36,
  reopenLog: 37,
  restart: 38,
  check: 39,
} as const;
export const FROM = {
  stdout: 1,
  stderr: 2,
  started: 16,
  failed: 17,
  exited: 18,
  warned: 19,
  restarting: 20,
  checked: 21,
} as const;

export interface Started {
  code: number | null;
  records: ReportRecord[];
}

export interface Frame {
  type: number;
  payload: Buffer;
}

/** The container's program; `flags` 0 leaves it in our PID namespace. */
export function shellPlan(
  script: string,
  more: { flags?: number; program?: string; inherited?: string[]; before?: Step[] } = {},
): Plan {
  const exec: Step = {
    op: 'exec',
    candidates: [more.program ?? '/bin/busybox'],
    argv: ['sh', '-c', script],
    env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
  };
  return {
    inherited: more.inherited ?? [],
    programs: [
      {
        name: 'main',
        steps: [
          { op: 'clone', program: 'init', flags: more.flags ?? CLONE_NEWPID, out: 'child', report: 1 },
          { op: 'pidfile', path: 'pid', pidfd: 'child' },
        ],
      },
      { name: 'init', steps: [...(more.before ?? []), exec] },
    ],
  };
}

export class Container {
  readonly directory = mkdtempSync(join(tmpdir(), 'sampan-test-monitor-'));
  readonly #launcher: string;
  readonly #clients: Client[] = [];

  constructor(launcher: string) {
    this.#launcher = launcher;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Runs the initial process to its end. */
  async start(plan: Plan, config: Partial<MonitorStep> = {}): Promise<Started> {
    writeFileSync(this.path('plan'), encodePlan(plan));
    return this.monitor({ plan: this.path('plan'), log: this.path('log'), ...config });
  }

  async monitor(config: Partial<MonitorStep>): Promise<Started> {
    const step: MonitorStep = { op: 'monitor', dir: this.directory, plan: '', ...config };
    const planPath = this.path('monitor-plan');
    const reportPath = this.path('report');
    writeFileSync(planPath, encodePlan({ programs: [{ name: 'monitor', steps: [step] }] }));
    writeFileSync(reportPath, '');
    const fds = [openSync(planPath, 'r'), openSync(reportPath, constants.O_RDWR | constants.O_APPEND)];
    const child = spawn(this.#launcher, ['monitor', '3', '4'], {
      stdio: ['ignore', 'ignore', 'inherit', ...fds],
      env: { ASAN_OPTIONS: `detect_leaks=0:log_path=${this.path('sanitizer')}` },
    });
    for (const fd of fds) closeSync(fd);
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
    return { code, records: parseReport(readFileSync(reportPath)) };
  }

  /** Whether a monitor holds the lock. */
  locked(): boolean {
    return existsSync(this.path('lock')) && spawnSync('flock', ['-n', this.path('lock'), 'true']).status !== 0;
  }

  async ended(patienceMs = 10_000): Promise<void> {
    await until(() => !this.locked(), patienceMs);
  }

  exit(): Record<string, string> {
    const lines = readFileSync(this.path('exit'), 'utf8').trimEnd().split('\n');
    return Object.fromEntries(lines.map((line) => line.split('=') as [string, string]));
  }

  pid(): number {
    return Number(readFileSync(this.path('pid'), 'utf8'));
  }

  /** The process that holds the lock. */
  monitorPid(): number {
    const holder = readFileSync('/proc/locks', 'latin1')
      .split('\n')
      .find((line) => line.includes(`:${lockInode(this.path('lock'))} `));
    return Number(holder?.trim().split(/\s+/)[4] ?? 0);
  }

  /** The log without its times: `stdout F text`. */
  log(name = 'log'): string[] {
    return readFileSync(this.path(name), 'latin1')
      .split('\n')
      .slice(0, -1)
      .map((line) => line.slice(31));
  }

  async attach(): Promise<Client> {
    const client = await Client.connect(this.directory);
    this.#clients.push(client);
    return client;
  }

  /** Kills what is left, and fails when a sanitizer complained. */
  async remove(): Promise<void> {
    for (const client of this.#clients) client.socket.destroy();
    const monitor = this.locked() ? this.monitorPid() : 0;
    if (existsSync(this.path('pid')) && monitor > 0) tryKill(this.pid());
    if (monitor > 0) await this.ended(3000).catch(() => tryKill(monitor));
    const complaints = readdirSync(this.directory).filter((name) => name.startsWith('sanitizer'));
    const texts = complaints.map((name) => readFileSync(this.path(name), 'utf8'));
    spawnSync('rm', ['-rf', this.directory]);
    if (texts.length > 0) throw new Error(texts.join('\n'));
  }
}

function lockInode(path: string): string {
  return spawnSync('stat', ['-c', '%i', path]).stdout.toString().trim();
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has gone by itself
  }
}

export async function until(condition: () => boolean, patienceMs = 10_000): Promise<void> {
  for (const end = Date.now() + patienceMs; !condition(); await Bun.sleep(5)) {
    if (Date.now() > end) throw new Error(`still not: ${condition.toString()}`);
  }
}

export function frameBytes(type: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(8);
  head[0] = type;
  head.writeUInt32BE(payload.length, 4);
  return Buffer.concat([head, payload]);
}

/** One client of the attach socket; keeps all that it was sent. */
export class Client {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  closed = false;
  #pending = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#feed(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
  }

  static async connect(directory: string): Promise<Client> {
    const socket = connect(join(directory, 'attach.sock'));
    const client = new Client(socket);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return client;
  }

  #feed(chunk: Buffer): void {
    let all = Buffer.concat([this.#pending, chunk]);
    while (all.length >= 8 && all.length >= 8 + all.readUInt32BE(4)) {
      const end = 8 + all.readUInt32BE(4);
      this.frames.push({ type: all[0] ?? -1, payload: all.subarray(8, end) });
      all = all.subarray(end);
    }
    this.#pending = all;
  }

  send(type: number, payload: Uint8Array | string = ''): void {
    this.socket.write(frameBytes(type, Buffer.from(payload)));
  }

  output(type: number = FROM.stdout): string {
    return Buffer.concat(this.frames.filter((frame) => frame.type === type).map((frame) => frame.payload)).toString(
      'latin1',
    );
  }

  types(): number[] {
    return this.frames.map((frame) => frame.type);
  }

  /** Waits for a frame of that type and gives its text. */
  async state(type: number, patienceMs = 10_000): Promise<string> {
    await until(() => this.types().includes(type), patienceMs);
    return this.output(type);
  }
}
