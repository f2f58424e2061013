/** Runs the launcher's roles that work on trees, for the tests of those roles. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, readFileSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ByteWriter } from '#kernel/byte-writer.ts';
import { appendFileStep, encodeFileStreamHead } from '#kernel/encode.ts';
import type { FileStep } from '#kernel/plan.ts';
import { parseReport, type ReportRecord } from '#kernel/report.ts';

export interface Outcome {
  code: number | null;
  records: ReportRecord[];
  /** What it wrote to standard error: a sanitizer's finding. */
  complaint: string;
}

/** A directory of this test's own; `remove` uses rm(1), since trees here may be deeper than a path can say. */
export function scratchDirectory(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'sampan-test-'));
  return { path, remove: () => void spawnSync('rm', ['-rf', path]) };
}

/** Runs `role` with the directories as its first descriptors, then `rest`, then the report. */
export function runRole(
  launcher: string,
  role: string,
  directories: readonly string[],
  rest: readonly string[] = [],
  input: Uint8Array = new Uint8Array(),
): Outcome {
  if (!existsSync(launcher)) throw new Error(`${launcher} is not built`);
  const reportPath = join(mkdtempSync(join(tmpdir(), 'sampan-test-')), 'report');
  const report = openSync(reportPath, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT);
  const fds = directories.map((path) => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
  const numbers = fds.map((_, index) => String(3 + index));
  const ended = spawnSync(launcher, [role, ...numbers, ...rest, String(3 + fds.length)], {
    input,
    stdio: ['pipe', 'ignore', 'pipe', ...fds, report],
    env: { ASAN_OPTIONS: 'detect_leaks=0' },
  });
  for (const fd of [...fds, report]) closeSync(fd);
  const records = parseReport(readFileSync(reportPath));
  unlinkSync(reportPath);
  rmSync(join(reportPath, '..'), { recursive: true });
  return { code: ended.status, records, complaint: ended.stderr.toString() };
}

/** The stream of the `apply` role; without `end` it is a torn one. */
export function fileStream(steps: readonly FileStep[], end = true): Uint8Array {
  const out = new ByteWriter();
  for (const step of steps) appendFileStep(out, step);
  if (end) appendFileStep(out, { op: 'end' });
  return Buffer.concat([encodeFileStreamHead(), out.take()]);
}
