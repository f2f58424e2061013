import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoName } from '#kernel/failure.ts';
import { parseReport } from '#kernel/report.ts';

export const HEALTH_STATUSES = ['starting', 'healthy', 'unhealthy'] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/** How a container is, as its monitor has last found it. */
export interface Health {
  status: HealthStatus;
  /** Failures since the last success. */
  failingStreak: number;
}

export interface HealthResult {
  /** Milliseconds since 1970. */
  start: number;
  end: number;
  /** -1: it could not be run, or not to its end. */
  code: number;
  output: string;
}

const KEPT = 5;

/** Undefined when nothing was ever checked. */
export function readHealth(directory: string): Health | undefined {
  const text = read(join(directory, 'health'))?.toString('latin1');
  if (text === undefined) return undefined;
  const { status, streak } = fieldsOf(text);
  return { status: HEALTH_STATUSES.find((one) => one === status) ?? 'starting', failingStreak: Number(streak) };
}

/** What the latest checks came to, the oldest first. `timeout` (milliseconds) is for the words about one that took longer. */
export function readHealthResults(directory: string, timeout: number): HealthResult[] {
  return Array.from({ length: KEPT }, (_, number) => read(join(directory, `health.${number}`)))
    .flatMap((file) => (file === undefined ? [] : [parseResult(file, timeout)]))
    .toSorted((a, b) => a.start - b.start);
}

/** A head of `key=value` lines, an empty line, the launch's report, what the check wrote. */
function parseResult(file: Buffer, timeout: number): HealthResult {
  const text = file.toString('latin1');
  const body = text.indexOf('\n\n') + 2;
  const { start, end, code, late, cut, report } = fieldsOf(text.slice(0, body));
  const rest = body + Number(report);
  const failure = parseReport(file.subarray(body, rest)).find(({ kind }) => kind === 'fail');
  const output = `${file.subarray(rest).toString('utf8')}${cut === '1' ? '...' : ''}`;
  const result = { start: Number(start) / 1e6, end: Number(end) / 1e6 };
  if (late === '1') {
    const word = `Health check exceeded timeout (${timeout / 1000}s)`;
    return { ...result, code: -1, output: output === '' ? word : `${word}: ${output}` };
  }
  if (failure !== undefined) {
    return {
      ...result,
      code: -1,
      output: ['the check could not be run:', failure.path, errnoName(failure.value)].filter(Boolean).join(' '),
    };
  }
  return { ...result, code: Number(code), output };
}

function fieldsOf(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => line.split('=', 2) as [string, string]));
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
