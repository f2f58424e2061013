import { Fault } from '#base/fault.ts';
import { portsOf, type Port } from '#engine/network/ports.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `port`: ports of the host that lead into a container. */
export const port: Verb = {
  flags: {},
  args: [1, 2],
  act: async ({ args: [name = '', wanted], io, engine: open }) => {
    const engine = await open();
    const record = engine.containers.find(name);
    const ports = portsOf(engine.database, record.id);
    if (wanted === undefined) {
      for (const one of ports) for (const at of places(one)) print(io, `${inside(one)} -> ${at}`);
      return 0;
    }
    const found = ports.filter((one) => inside(one) === readWanted(wanted));
    if (found.length === 0)
      throw new Fault('notFound', `no public port '${readWanted(wanted)}' published for ${record.name}`);
    for (const at of found.flatMap(places)) print(io, at);
    return 0;
  },
};

const inside = ({ containerPort, protocol }: Port): string => `${containerPort}/${protocol}`;

const places = ({ hostIp, hostPort }: Port): string[] =>
  hostIp === ''
    ? [`0.0.0.0:${hostPort}`, `[::]:${hostPort}`]
    : [`${hostIp.includes(':') ? `[${hostIp}]` : hostIp}:${hostPort}`];

function readWanted(text: string): string {
  const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (match !== null && Number(match[1]) <= 65_535) return `${match[1]}/${match[2] ?? 'tcp'}`;
  throw new Fault('invalid', `read PRIVATE_PORT: "${text}" is no port such as 80 or 53/udp`, { field: 'PRIVATE_PORT' });
}
