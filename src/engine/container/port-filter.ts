import { Fault } from '#base/fault.ts';

export interface PortRange {
  from: number;
  to: number;
  protocol: string;
}

/** Reads `80`, `80/udp` or `8000-8080/tcp`, as the filters `expose` and `publish` are written. */
export function readPorts(text: string, filter: string): PortRange {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = match?.[2] === undefined ? from : Number(match[2]);
  if (match === null || from < 1 || to > 65_535 || from > to)
    throw new Fault('invalid', `read the filter ${filter}: "${text}" is no port such as 80/tcp or 8000-8080`, {
      field: '--filter',
    });
  return { from, to, protocol: match[3] ?? 'tcp' };
}

/** Whether a port as images write it, `80/tcp`, is among them. */
export function portsMatching({ from, to, protocol }: PortRange): (port: string) => boolean {
  return (port) => {
    const [number = '', own = 'tcp'] = port.split('/');
    return own === protocol && Number(number) >= from && Number(number) <= to;
  };
}
