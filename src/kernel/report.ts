/** What the launcher reports (docs/plan.md, "Reports"). */
export type ReportKind = 'fail' | 'warn' | 'pid' | 'exit' | 'data' | 'done';

export interface ReportRecord {
  kind: ReportKind;
  program: number;
  /** Number of the step over the whole plan; undefined outside of a plan. */
  step: number | undefined;
  /** fail, warn: errno; pid: process id; exit: wait status; data: size of the whole file. */
  value: number;
  path: string;
  detail: Buffer;
}

const KINDS: readonly (ReportKind | undefined)[] = [undefined, 'fail', 'warn', 'pid', 'exit', 'data', 'done'];
const HEAD = 24;
const NO_STEP = 0xffffffff;

/** Parses what has been written to a report so far; a torn record at the end is left out. */
export function parseReport(bytes: Buffer): ReportRecord[] {
  const records: ReportRecord[] = [];
  for (let at = 0; at + HEAD <= bytes.length;) {
    const length = bytes.readUInt32LE(at);
    if (length < HEAD || at + length > bytes.length) break;
    const record = parseRecord(bytes.subarray(at, at + length));
    if (record !== undefined) records.push(record);
    at += length;
  }
  return records;
}

function parseRecord(bytes: Buffer): ReportRecord | undefined {
  const kind = KINDS[bytes.readUInt16LE(4)];
  const step = bytes.readUInt32LE(8);
  const pathLength = bytes.readUInt32LE(16);
  const detailAt = 20 + pathLength;
  if (kind === undefined || detailAt + 4 > bytes.length) return undefined;
  const detailLength = bytes.readUInt32LE(detailAt);
  if (detailAt + 4 + detailLength > bytes.length) return undefined;
  return {
    kind,
    program: bytes.readUInt16LE(6),
    step: step === NO_STEP ? undefined : step,
    value: bytes.readInt32LE(12),
    path: bytes.toString('utf8', 20, 20 + pathLength),
    detail: Buffer.from(bytes.subarray(detailAt + 4, detailAt + 4 + detailLength)),
  };
}

/** The file contents that `data` records carry, by path. */
export function gatherData(records: readonly ReportRecord[]): Map<string, Buffer> {
  const parts = new Map<string, Buffer[]>();
  for (const record of records) {
    if (record.kind !== 'data') continue;
    const list = parts.get(record.path);
    if (list === undefined) parts.set(record.path, [record.detail]);
    else list.push(record.detail);
  }
  return new Map([...parts].map(([path, list]) => [path, Buffer.concat(list)]));
}
