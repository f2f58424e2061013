import { Fault } from '#base/fault.ts';
import { createVolume } from '#engine/volume/create.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { pairs } from './pairs.ts';

/** `volume create`: a volume, new or there already; prints its name. */
export const volumeCreate: Verb = {
  flags: {
    driver: { kind: 'text', short: 'd', value: 'DRIVER', does: 'local (the default) is the only one' },
    label: { kind: 'list', value: 'NAME=VALUE', does: 'Set metadata' },
    name: { kind: 'text', value: 'NAME', does: 'The same as the argument' },
    opt: { kind: 'list', short: 'o', value: 'KEY=VALUE', does: 'What is mounted for it: type, device and o' },
  },
  args: [0, 1],
  act: async ({ args: [argument], flags, io, engine: open }) => {
    const named = flags.text('name');
    if (argument !== undefined && named !== undefined) {
      throw new Fault('invalid', 'read --name: the volume has a name already', { field: '--name' });
    }
    const [name, driver] = [argument ?? named, flags.text('driver')];
    const wish = {
      ...(name === undefined || name === '' ? {} : { name }),
      ...(driver === undefined ? {} : { driver }),
      options: pairs(flags.list('opt'), '--opt'),
      labels: pairs(flags.list('label'), '--label'),
    };
    print(io, (await createVolume(await open(), wish)).name);
    return 0;
  },
};
