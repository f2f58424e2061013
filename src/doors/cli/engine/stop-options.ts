import { Fault } from '#base/fault.ts';
import type { StopRequest } from '#engine/container/stop.ts';
import type { Flags, FlagTable } from '#doors/cli/flags.ts';

/** What `stop` and `restart` share. */
export const STOP_FLAGS: FlagTable = {
  signal: { kind: 'text', short: 's', value: 'SIGNAL', does: "Signal to send in place of the container's own" },
  timeout: { kind: 'text', short: 't', value: 'SECONDS', does: 'How long to wait before killing it (-1 for ever)' },
  time: { kind: 'text', value: 'SECONDS', does: 'The same as --timeout' },
};

export function stopRequest(flags: Flags): StopRequest {
  const [signal, time] = [flags.text('signal'), flags.text('timeout') ?? flags.text('time')];
  if (time !== undefined && !/^-?\d+$/.test(time))
    throw new Fault('invalid', `read --timeout: "${time}" is not a whole number`, { field: '--timeout' });
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(time === undefined ? {} : { timeoutSeconds: Number(time) }),
  };
}
