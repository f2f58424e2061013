import { Fault } from '#base/fault.ts';
import { formatAddress, addressOf } from '#base/ip.ts';
import type { PortWish } from '#engine/network/wishes.ts';

const FIELD = '--publish';
const PROTOCOLS = ['tcp', 'udp', 'sctp'];
const MANY = 4096;

/** `[[ADDRESS:][PORT[-PORT]]:]PORT[-PORT][/PROTOCOL]` each, as docker's; a range becomes a wish for each port. */
export const readPorts = (entries: readonly string[]): PortWish[] => entries.flatMap(readPort);

/** `PORT[-PORT][/PROTOCOL]` each, as a list of single ones. */
export const readExposed = (entries: readonly string[]): string[] =>
  entries.flatMap((entry) => {
    const [, ports = '', protocol = 'tcp'] = /^(.*?)(?:\/([a-z]+))?$/i.exec(entry) ?? [];
    if (!PROTOCOLS.includes(protocol.toLowerCase()))
      throw refused(entry, `there is no protocol ${JSON.stringify(protocol)}`);
    return range(entry, ports).map((port) => `${port}/${protocol.toLowerCase()}`);
  });

function readPort(entry: string): PortWish[] {
  const [, rest = '', protocol = 'tcp'] = /^(.*?)(?:\/([a-z]+))?$/i.exec(entry) ?? [];
  if (!PROTOCOLS.includes(protocol.toLowerCase()))
    throw refused(entry, `there is no protocol ${JSON.stringify(protocol)}`);
  const { address, host, inside } = split(entry, rest);
  const ports = range(entry, inside);
  const hostIp = address === '' ? undefined : addressText(entry, address);
  const wish = { protocol: protocol.toLowerCase(), ...(hostIp === undefined ? {} : { hostIp }) };
  if (host === '') return ports.map((containerPort) => ({ ...wish, containerPort }));
  const outside = range(entry, host);
  if (outside.length === ports.length)
    return ports.map((containerPort, at) => ({ ...wish, containerPort, hostPort: outside[at] ?? 0 }));
  const [containerPort, hostPort = 0] = [ports[0] ?? 0, outside[0]];
  if (ports.length > 1) throw refused(entry, 'the ranges differ in length');
  return [{ ...wish, containerPort, hostPort, hostPortEnd: outside.at(-1) ?? hostPort }];
}

/** From the end: an IPv6 address has colons, and stands in brackets. */
function split(entry: string, text: string): { address: string; host: string; inside: string } {
  const match = /^(?:(?:(\[[^\]]*\]|[^:[\]]*):)?([\d-]*):)?([\d-]+)$/.exec(text);
  if (match === null) throw refused(entry, 'it is not [[ADDRESS:]PORT:]PORT');
  return { address: (match[1] ?? '').replace(/^\[|\]$/g, ''), host: match[2] ?? '', inside: match[3] ?? '' };
}

/** Addresses that mean all of a family stay what they are: only that family is asked for. */
function addressText(entry: string, text: string): string {
  const address = addressOf(text);
  if (address === undefined) throw refused(entry, `${JSON.stringify(text)} is no address`);
  return formatAddress(address);
}

function range(entry: string, text: string): number[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (match === null || first < 1 || last > 65_535 || last < first)
    throw refused(entry, `${JSON.stringify(text)} is no port`);
  if (last - first >= MANY) throw refused(entry, `at most ${MANY} ports at once`);
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

const refused = (entry: string, why: string): Fault =>
  new Fault('invalid', `read ${FIELD}: ${JSON.stringify(entry)}: ${why}`, { field: FIELD });
