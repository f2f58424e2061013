import { Fault } from '#base/fault.ts';

/** Ports of the host that lead to as many ports of a container. */
export interface PublishedPort {
  /** An address of the host's; all when left out. */
  address?: string;
  hostPort: number;
  containerPort: number;
  count: number;
  protocol: 'tcp' | 'udp';
}

const FORM = /^(?:(?:\[([0-9a-fA-F:.]+)\]|(\d+(?:\.\d+){3})):)?(?:(\d+)(?:-(\d+))?:)?(\d+)(?:-(\d+))?(?:\/([a-z]+))?$/;

/** `[[ADDRESS:]HOST:]CONTAINER[/tcp|udp]`, docker's form; both may be ranges of the same size. Throws `invalid`. */
export function readPublished(text: string, field: string): PublishedPort {
  const [, six, four, host, hostEnd, inside = '', insideEnd, protocol = 'tcp'] = FORM.exec(text) ?? [];
  const bad = (why: string, kind: 'invalid' | 'unsupported' = 'invalid'): Fault =>
    new Fault(kind, `read ${field}: "${text}" ${why}`, { field });
  if (inside === '') throw bad('is not [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]');
  if (protocol !== 'tcp' && protocol !== 'udp') throw bad(`is for ${protocol}: there are tcp and udp`, 'unsupported');
  if (host === undefined) throw bad('names no port of the host', 'unsupported');
  const count = size(inside, insideEnd);
  if (count < 1 || count !== size(host, hostEnd)) throw bad('has ranges of different sizes');
  for (const last of [Number(inside) + count - 1, Number(host) + count - 1])
    if (last > 65_535) throw bad('goes beyond port 65535');
  if (Number(inside) === 0 || Number(host) === 0) throw bad('names port 0');
  const address = six ?? four;
  return {
    ...(address === undefined ? {} : { address }),
    hostPort: Number(host),
    containerPort: Number(inside),
    count,
    protocol,
  };
}

const size = (first: string, last: string | undefined): number => Number(last ?? first) - Number(first) + 1;
