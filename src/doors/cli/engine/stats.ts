import { setTimeout as sleep } from 'node:timers/promises';
import { shortId } from '#base/ids.ts';
import { formatBinaryBytes, formatBytes } from '#base/units.ts';
import { processorPercent, sampleContainer, type Sample } from '#engine/container/usage.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import type { Engine } from '#engine/engine.ts';
import { print } from '#doors/cli/io.ts';
import { formatRows } from '#doors/cli/template.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { cancellable } from './cancellation.ts';

/** Docker's names for `--format`, with the headings they get in a table. */
const HEADINGS = {
  Container: 'CONTAINER',
  ID: 'CONTAINER ID',
  Name: 'NAME',
  CPUPerc: 'CPU %',
  MemUsage: 'MEM USAGE / LIMIT',
  MemPerc: 'MEM %',
  NetIO: 'NET I/O',
  BlockIO: 'BLOCK I/O',
  PIDs: 'PIDS',
};
const TABLE =
  'table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}';
const INTERVAL_MS = 1000;
/** To the top left, and nothing below. */
const CLEAR = '\u001b[H\u001b[J';

/** `stats`: what containers use, again and again. */
export const stats: Verb = {
  flags: {
    all: { kind: 'switch', short: 'a', does: 'Show all containers, not only the running ones' },
    format: { kind: 'text', value: 'FORMAT', does: 'table, json, table TEMPLATE or a template' },
    'no-stream': { kind: 'switch', does: 'Look once and end' },
    'no-trunc': { kind: 'switch', does: 'Do not shorten' },
  },
  args: [0, Infinity],
  act: async (call) => {
    const engine = await call.engine();
    for (const name of call.args) engine.containers.find(name);
    return cancellable((signal) => watch(call, engine, signal));
  },
};

async function watch(call: Call, engine: Engine, signal: AbortSignal): Promise<number> {
  const once = call.flags.on('no-stream');
  let before = new Map(chosen(call, engine).map((record) => [record.id, sampleContainer(engine, record)]));
  while (!signal.aborted) {
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    const records = chosen(call, engine);
    const now = new Map(records.map((record) => [record.id, sampleContainer(engine, record)]));
    const rows = records
      .filter(({ id }) => call.flags.on('all') || call.args.length > 0 || now.get(id) !== undefined)
      .map((record) => rowOf(record, before.get(record.id), now.get(record.id), call.flags.on('no-trunc')));
    if (!once && call.io.stdout.isTTY === true) call.io.out(CLEAR);
    const format = call.flags.text('format');
    for (const line of formatRows(format === undefined || format === 'table' ? TABLE : format, rows, HEADINGS) ?? [])
      print(call.io, line);
    if (once || (call.args.length > 0 && records.length === 0)) return 0;
    before = now;
  }
  return 130;
}

/** Those that were named and are still there, or all. */
function chosen({ args }: Call, engine: Engine): ContainerRecord[] {
  const all = engine.containers.list().filter(({ phase }) => phase === 'ready');
  if (args.length === 0) return all;
  return args.flatMap((name) => all.filter((one) => one.name === name || one.id.startsWith(name)).slice(0, 1));
}

const percent = (value: number): string => `${value.toFixed(2)}%`;

const NOTHING: Sample = {
  at: 0,
  processor: 0,
  memory: 0,
  memoryLimit: 0,
  received: 0,
  sent: 0,
  read: 0,
  written: 0,
  processes: 0,
};

function rowOf(
  { id, name }: ContainerRecord,
  before: Sample | undefined,
  now: Sample | undefined,
  whole: boolean,
): Record<string, string> {
  const one = now ?? NOTHING;
  return {
    Container: whole ? id : shortId(id),
    ID: whole ? id : shortId(id),
    Name: name,
    CPUPerc: percent(before === undefined || now === undefined ? 0 : processorPercent(before, now)),
    MemUsage: `${formatBinaryBytes(one.memory)} / ${formatBinaryBytes(one.memoryLimit)}`,
    MemPerc: percent(one.memoryLimit > 0 ? (100 * one.memory) / one.memoryLimit : 0),
    NetIO: `${formatBytes(one.received)} / ${formatBytes(one.sent)}`,
    BlockIO: `${formatBytes(one.read)} / ${formatBytes(one.written)}`,
    PIDs: String(one.processes),
  };
}
