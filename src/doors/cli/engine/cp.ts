import { formatBytes } from '#base/units.ts';
import {
  archiveFromContainer,
  archiveToContainer,
  copyFromContainer,
  copyToContainer,
  type CopyWishes,
} from '#engine/container/copy/copy.ts';
import { usage } from '#doors/cli/flags.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { withArchiveInput } from './archive-input.ts';
import { archiveOutput } from './archive-output.ts';

/** `cp`: between a container and this machine, either way. */
export const cp: Verb = {
  flags: {
    archive: { kind: 'switch', short: 'a', does: 'Keep owners, device nodes and attributes' },
    'follow-link': { kind: 'switch', short: 'L', does: 'Copy what a link in SRC_PATH leads to' },
    quiet: { kind: 'switch', short: 'q', does: 'Say nothing at the end' },
  },
  args: [2, 2],
  act: async (call) => {
    const [source = '', destination = ''] = call.args;
    if (source === '') throw usage('source can not be empty');
    if (destination === '') throw usage('destination can not be empty');
    const [from, to] = [readPlace(source), readPlace(destination)];
    if (from.container !== undefined && to.container !== undefined) {
      throw usage('copying between containers is not supported');
    }
    if (from.container === undefined && to.container === undefined) {
      throw usage('must specify at least one container source');
    }
    const bytes =
      from.container === undefined
        ? await copyIn(call, source, to)
        : await copyOut(call, from.container, from.path, destination);
    if (!call.flags.on('quiet') && destination !== '-' && call.io.stderr.isTTY === true) {
      call.io.err(`Successfully copied ${formatBytes(bytes)} to ${destination}\n`);
    }
    return 0;
  },
};

interface Place {
  /** Undefined: a path of this machine, or `-`. */
  container: string | undefined;
  path: string;
}

/** `NAME:PATH` is inside, what begins with a slash or a dot or has no colon is here. */
function readPlace(text: string): Place {
  const colon = text.indexOf(':');
  if (colon <= 0 || /^[/.]/.test(text)) return { container: undefined, path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

const wishes = ({ flags }: Call): CopyWishes => ({ archive: flags.on('archive'), follow: flags.on('follow-link') });

async function copyOut(call: Call, name: string, path: string, destination: string): Promise<number> {
  const write = destination === '-' ? archiveOutput(call.io, undefined) : undefined;
  const engine = await call.engine();
  const record = engine.containers.find(name);
  if (write === undefined) return copyFromContainer(engine, record, path, destination, wishes(call));
  await archiveFromContainer(engine, record, path, wishes(call), write);
  return 0;
}

async function copyIn(call: Call, source: string, { container = '', path }: Place): Promise<number> {
  const engine = await call.engine();
  const record = engine.containers.find(container);
  if (source !== '-') return copyToContainer(engine, record, source, path, wishes(call));
  return withArchiveInput(call.io, (input) => archiveToContainer(engine, record, input, path));
}
