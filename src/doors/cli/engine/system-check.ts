import { Fault } from '#base/fault.ts';
import { visible } from '#base/visible.ts';
import { checkSystem, type CheckFinding } from '#engine/check/check.ts';
import { registryAccess } from '#engine/registry/access.ts';
import { STATUS_CORRUPT } from '#doors/cli/exit-status.ts';
import { print, type Io } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { cancellable } from './cancellation.ts';

/** `system check`: whether records, files and the host fit each other. */
export const systemCheck: Verb = {
  flags: {
    repair: { kind: 'switch', short: 'r', does: 'Mend what can be mended without losing anything' },
    quick: { kind: 'switch', short: 'q', does: 'Compare records and names alone, without reading the images' },
    format: { kind: 'text', value: 'FORMAT', does: 'text or json' },
  },
  args: [0, 0],
  act: async (call) => {
    const { flags, io } = call;
    const format = flags.text('format') ?? 'text';
    if (format !== 'text' && format !== 'json') {
      throw new Fault('invalid', `read --format: "${format}" is neither text nor json`, { field: '--format' });
    }
    const engine = await call.unsettledEngine();
    const found = await cancellable((signal) =>
      checkSystem(engine, {
        repair: flags.on('repair'),
        quick: flags.on('quick'),
        access: registryAccess(io.env),
        signal,
      }),
    );
    if (format === 'json') print(io, JSON.stringify(found, undefined, 2));
    else tell(io, found);
    return found.every(({ state }) => state === 'mended') ? 0 : STATUS_CORRUPT;
  },
};

const WORDS = { wrong: '', mended: 'mended: ', left: 'NOT mended: ' } as const;

function tell(io: Io, found: readonly CheckFinding[]): void {
  for (const { rule, subject, problem, state, todo } of found) {
    print(io, `${WORDS[state]}${visible(subject)} ${visible(problem)} [${rule}]`);
    if (todo !== '') print(io, `    ${visible(todo)}`);
  }
  const mended = found.filter(({ state }) => state === 'mended').length;
  if (found.length === 0) print(io, 'All is as it should be.');
  else print(io, `${found.length} found${mended === 0 ? '' : `, ${mended} mended`}.`);
  if (found.some(({ state }) => state === 'wrong')) print(io, 'sampan system check --repair mends what can be mended.');
}
