import { Fault } from '#base/fault.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `port`: ports of the host that lead into a container. There are none until there are networks. */
export const port: Verb = {
  flags: {},
  args: [1, 2],
  act: async ({ args: [name = '', wanted], engine: open }) => {
    const record = (await open()).containers.find(name);
    if (wanted === undefined) return 0;
    const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(wanted);
    if (match === null || Number(match[1]) > 65_535) {
      throw new Fault('invalid', `read PRIVATE_PORT: "${wanted}" is no port such as 80 or 53/udp`, {
        field: 'PRIVATE_PORT',
      });
    }
    throw new Fault('notFound', `no public port '${match[1]}/${match[2] ?? 'tcp'}' published for ${record.name}`);
  },
};
