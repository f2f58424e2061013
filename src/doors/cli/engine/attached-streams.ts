import { Fault } from '#base/fault.ts';
import { usage, type Flags } from '#doors/cli/flags.ts';

const STREAMS = ['stdin', 'stdout', 'stderr'] as const;
export type StreamName = (typeof STREAMS)[number];

/** What `-a` names, or none of them in the background; undefined where nothing is said. */
export function attachedStreams(flags: Flags): StreamName[] | undefined {
  const asked = flags.list('attach').map(streamName);
  if (flags.on('detach') && asked.length > 0) throw usage('conflicting options: --attach and --detach');
  if (flags.on('detach')) return [];
  return asked.length === 0 ? undefined : asked;
}

function streamName(text: string): StreamName {
  const found = STREAMS.find((name) => name === text.toLowerCase());
  if (found !== undefined) return found;
  throw new Fault('invalid', `read --attach: "${text}" is no stream`, {
    field: '--attach',
    hint: 'Write stdin, stdout or stderr.',
  });
}
