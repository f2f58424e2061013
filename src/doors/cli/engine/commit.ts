import { writeFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { commitContainer } from '#engine/image/commit.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { CHANGE } from './change-flag.ts';
import { cancellable } from './cancellation.ts';
import { makeRoom } from './make-room.ts';

const FORMATS = ['oci', 'docker'] as const;

/** `commit`: an image out of what a container has become. */
export const commit: Verb = {
  flags: {
    author: { kind: 'text', short: 'a', value: 'TEXT', does: 'Who made it, such as "Ann <ann@example.org>"' },
    change: CHANGE,
    format: { kind: 'text', short: 'f', value: 'FORMAT', does: 'Format of the image: oci (the default) or docker' },
    iidfile: { kind: 'text', value: 'FILE', does: 'Write the id of the image there' },
    message: { kind: 'text', short: 'm', value: 'TEXT', does: 'What the history says of it' },
    pause: {
      kind: 'switch',
      short: 'p',
      does: 'Hold the container meanwhile (the default; --pause=false to let it run)',
    },
    quiet: { kind: 'switch', short: 'q', does: 'Print no progress; there is none to print' },
    squash: { kind: 'switch', short: 's', does: 'One layer alone, without those of the image' },
  },
  args: [1, 2],
  act: async ({ args: [container = '', name], flags, io, engine: open }) => {
    const wanted = flags.text('format') ?? 'oci';
    const format = FORMATS.find((one) => one === wanted);
    if (format === undefined) {
      throw new Fault('invalid', `"${wanted}" is not a format of images; there are ${FORMATS.join(' and ')}`, {
        field: '--format',
      });
    }
    const engine = await open();
    const request = {
      name,
      author: flags.text('author'),
      message: flags.text('message') ?? '',
      changes: flags.list('change'),
      pause: flags.text('pause') !== 'false',
      format,
      squash: flags.on('squash'),
    };
    const record = engine.containers.find(container);
    const id = await cancellable((signal) => commitContainer(engine, record, { ...request, signal }));
    await makeRoom(engine, io, [id]);
    const file = flags.text('iidfile');
    if (file !== undefined) writeFileSync(file, id);
    print(io, id);
    return 0;
  },
};
