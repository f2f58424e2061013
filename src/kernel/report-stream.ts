import type { Readable } from 'node:stream';
import { parseReport, type ReportRecord } from './report.ts';

/** All that is reported over a pipe, once its other end is closed: a child's end may be heard of before its last words. */
export async function reportFrom(stream: Readable): Promise<ReportRecord[]> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => stream.once('close', resolve));
  return parseReport(Buffer.concat(chunks));
}
