import { Fault } from '#base/fault.ts';
import { pastaPorts } from '#engine/network/pasta.ts';
import { portsOf } from '#engine/network/ports.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { portLines } from './published-words.ts';

/** `port`: ports of the host that lead into a container. */
export const port: Verb = {
  flags: {},
  args: [1, 2],
  act: async ({ args: [name = '', wanted], io, engine: open }) => {
    const engine = await open();
    const record = engine.containers.find(name);
    const all = portLines([...pastaPorts(record.options), ...portsOf(engine.database, record.id)]);
    if (wanted === undefined) {
      for (const { inside, outside } of all) print(io, `${inside} -> ${outside}`);
      return 0;
    }
    const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(wanted);
    if (match === null || Number(match[1]) > 65_535) {
      throw new Fault('invalid', `read PRIVATE_PORT: "${wanted}" is no port such as 80 or 53/udp`, {
        field: 'PRIVATE_PORT',
      });
    }
    const asked = `${match[1]}/${match[2] ?? 'tcp'}`;
    const found = all.filter(({ inside }) => inside === asked);
    if (found.length === 0) throw new Fault('notFound', `no public port '${asked}' published for ${record.name}`);
    for (const { outside } of found) print(io, outside);
    return 0;
  },
};
