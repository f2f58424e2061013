/**
 * Runs the stages, shows each with its time and the output of those that failed, and ends with the line
 * `N passed, N failed`. FAST=1 leaves the slow ones out; ONLY=units,lint runs those whose names begin so.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearLeftoverRoots } from '#tools/leftover-roots.ts';
import { endLeftovers, type OwnedProcess, startOwned } from '#tools/owned-process.ts';
import { TREE } from '#tools/places.ts';
import { type Stage, stages, tallyOf } from '#tools/test/stages.ts';
import { add, NOTHING, ONE_FAILED, type Tally } from '#tools/test/tally.ts';

interface Outcome {
  status: number;
  output: string;
  late: boolean;
}

let running: OwnedProcess | undefined;

async function run(stage: Stage): Promise<Outcome> {
  const [command = '', ...args] = stage.command;
  const owned = startOwned(command, args, {
    cwd: TREE,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...stage.env },
  });
  running = owned;
  const chunks: Buffer[] = [];
  owned.child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  owned.child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void owned.stop();
  }, stage.limit * 1000);
  const status = await owned.ended.catch((error: unknown) => {
    chunks.push(Buffer.from(String(error)));
    return 127;
  });
  clearTimeout(timer);
  return { status, output: Buffer.concat(chunks).toString(), late };
}

const count = (tally: Tally): string =>
  `${tally.passed} passed, ${tally.failed} failed${tally.skipped === 0 ? '' : `, ${tally.skipped} skipped`}`;

async function show(stage: Stage): Promise<Tally> {
  process.stdout.write(`== ${stage.name} …\n`);
  const begun = performance.now();
  const { status, output, late } = await run(stage);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const tally = late ? add(tallyOf(stage, status, output), ONE_FAILED) : tallyOf(stage, status, output);
  const limit = late ? `, ended after its ${stage.limit} s` : '';
  if (tally.failed > 0)
    process.stdout.write(`${output.trimEnd()}\n   status ${status}: ${stage.command.join(' ').slice(0, 300)}\n`);
  process.stdout.write(
    `   ${tally.failed === 0 ? 'ok' : 'FAILED'} ${stage.name}: ${count(tally)}, ${seconds} s${limit}\n`,
  );
  return tally;
}

function chosen(all: Stage[]): Stage[] {
  const only = (process.env['ONLY'] ?? '').split(',').filter((name) => name !== '');
  if (only.length > 0) return all.filter((stage) => only.some((name) => stage.name.startsWith(name)));
  return process.env['FAST'] === '1' ? all.filter((stage) => stage.slow !== true) : all;
}

for (const command of endLeftovers()) process.stdout.write(`ended ${command}, left by an earlier run\n`);
for (const root of clearLeftoverRoots())
  process.stdout.write(`removed the containers of ${root}, left by an earlier run\n`);
const reports = mkdtempSync(join(tmpdir(), 'sampan-test-'));
const leave = (status: number): never => {
  rmSync(reports, { recursive: true, force: true });
  process.exit(status);
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => void (running?.stop() ?? Promise.resolve()).then(() => leave(130)));
}
let total = NOTHING;
const failed: string[] = [];
for (const stage of chosen(stages(reports))) {
  const tally = await show(stage);
  if (tally.failed > 0) failed.push(stage.name);
  total = add(total, tally);
}
if (failed.length > 0) process.stdout.write(`failed: ${failed.join(', ')}\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
leave(total.failed === 0 && total.passed > 0 ? 0 : 1);
