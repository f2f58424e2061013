import { examine, thisMachine, type Diagnosis } from '#engine/doctor/doctor.ts';
import { print } from '#doors/cli/io.ts';
import { places } from '#doors/cli/places.ts';
import type { Verb } from '#doors/cli/verb.ts';

const MARKS: Readonly<Record<Diagnosis['verdict'], string>> = { ok: 'ok', degraded: 'less', broken: 'BROKEN' };
/** Of a machine on which containers will not run. */
const STATUS_BROKEN = 1;

/** `doctor`: what this machine can do for containers, what it cannot, and how to mend it. */
export const doctor: Verb = {
  flags: { format: { kind: 'text', value: 'FORMAT', does: 'text or json' } },
  args: [0, 0],
  act: ({ flags, io, globals }) => {
    const { root } = places(globals, io.env, process.geteuid?.() ?? 0);
    const found = examine(thisMachine(root, io.env['PATH'] ?? ''));
    if (flags.text('format') === 'json') print(io, JSON.stringify(found, undefined, 2));
    else for (const line of report(found)) print(io, line);
    return Promise.resolve(found.some(({ verdict }) => verdict === 'broken') ? STATUS_BROKEN : 0);
  },
};

function report(found: readonly Diagnosis[]): string[] {
  const width = Math.max(...found.map(({ about }) => about.length));
  const indent = ' '.repeat(width + 10);
  return found.flatMap(({ about, verdict, says, mend }) => [
    `${about.padEnd(width)}  ${MARKS[verdict].padEnd(8)}${says}`,
    ...(mend === undefined ? [] : [`${indent}${mend}`]),
  ]);
}
