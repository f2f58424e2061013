import { Fault } from '#base/fault.ts';
import type { LogWish } from '#engine/log/drivers.ts';
import type { Flags } from '#doors/cli/flags.ts';

const FIELD = '--log-opt';

/** `--log-driver` and `--log-opt`; what they may be is the engine's to say. */
export function logWish(flags: Flags): LogWish | undefined {
  const [driver, options] = [flags.text('log-driver'), flags.list('log-opt')];
  if ((driver === undefined || driver === '') && options.length === 0) return undefined;
  const pairs = Object.fromEntries(options.map(pair));
  return { ...(driver === undefined || driver === '' ? {} : { driver }), options: pairs };
}

function pair(entry: string): [string, string] {
  const at = entry.indexOf('=');
  if (at > 0) return [entry.slice(0, at), entry.slice(at + 1)];
  throw new Fault('invalid', `read ${FIELD}: "${entry}" has no value`, {
    field: FIELD,
    hint: 'Write NAME=VALUE, such as max-size=10m.',
  });
}
