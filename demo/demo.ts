/**
 * The main job the way a person does it: a real Debian image from a registry on loopback, pulled, run, served from,
 * looked at, stopped and removed. Its state is below .work/demo, so nothing of the user's own is touched. A step that
 * does not say what it must ends the demo with status 1; whatever was started is stopped in any case.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianImage } from '#tools/image/debian.ts';
import { pushImage } from '#tools/image/push.ts';
import { clearRoot } from '#tools/leftover-roots.ts';
import { endLeftovers } from '#tools/owned-process.ts';
import { SAMPAN, workDirectory } from '#tools/places.ts';
import { startRegistry } from '#tools/registry.ts';
import { demoSteps, type Step } from './steps.ts';

const SHOWN_LINES = 12;
const ROOT = workDirectory('demo', 'root');
const SHOWN = join(workDirectory('demo'), 'output');
const env = { ...process.env, SAMPAN_ROOT: ROOT };

const quote = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

function shorten(output: string): string {
  const lines = output.trimEnd().split('\n');
  const shown = lines.slice(0, SHOWN_LINES).map((line) => `    ${line.length > 150 ? `${line.slice(0, 149)}…` : line}`);
  const more = lines.length - SHOWN_LINES;
  return [...shown, ...(more > 0 ? [`    … and ${more} more lines`] : [])].join('\n');
}

interface Ran {
  output: string;
  complaint: string | undefined;
  milliseconds: number;
}

function runOnce(step: Step): Ran {
  // One file for both streams keeps what was written in its order, as a terminal would show it.
  const shown = openSync(SHOWN, 'w');
  const begun = performance.now();
  const done = spawnSync(SAMPAN, step.args, { env, timeout: 120_000, stdio: ['ignore', shown, shown] });
  const milliseconds = performance.now() - begun;
  closeSync(shown);
  const output = readFileSync(SHOWN, 'utf8');
  const status =
    done.status === 0 ? undefined : `it ended with status ${done.status ?? done.signal ?? done.error?.message}`;
  return { output, complaint: status ?? step.complaint?.(output), milliseconds };
}

async function run(step: Step): Promise<Ran> {
  const until = performance.now() + (step.patience ?? 0);
  let ran = runOnce(step);
  while (ran.complaint !== undefined && performance.now() < until) {
    await Bun.sleep(50);
    ran = runOnce(step);
  }
  return ran;
}

async function demo(image: string): Promise<string | undefined> {
  for (const step of demoSteps(image)) {
    process.stdout.write(`\n$ sampan ${step.args.map(quote).join(' ')}\n`);
    const { output, complaint, milliseconds } = await run(step);
    process.stdout.write(`${shorten(output)}\n    (${milliseconds.toFixed(0)} ms)\n`);
    if (complaint !== undefined) return `sampan ${step.args[0]}: ${complaint}`;
  }
  return undefined;
}

endLeftovers();
clearRoot(ROOT);
console.log('Making a Debian 12 image with a web server (kept below .work/cache) …');
const debian = debianImage();
const registry = await startRegistry();
const leave = async (status: number): Promise<never> => {
  clearRoot(ROOT);
  await registry.stop();
  process.exit(status);
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void leave(130));
process.stdout.on('error', () => void leave(141));
await pushImage(registry.url, 'debian', '12', debian);
console.log(`A registry serves it as ${registry.host}/debian:12`);
const failure = await demo(`${registry.host}/debian:12`).catch((error: unknown) => String(error));
console.log(
  failure === undefined
    ? '\nShown: pull, images, run, a web server in the background, ps, exec, logs, inspect, stop, rm, rmi. Nothing is left.'
    : `\nThe demo failed: ${failure}`,
);
await leave(failure === undefined ? 0 : 1);
