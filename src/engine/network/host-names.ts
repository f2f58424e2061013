import type { Engine } from '#engine/engine.ts';
import { hasNames, resolverAddress } from './names.ts';
import { forwardedResolvers } from './pasta.ts';
import { networkRecords, type Endpoint, type NetworkRecord } from './record.ts';
import type { NetworkWishes } from './wishes.ts';
import { textOf } from './text-of.ts';

const ALWAYS = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];
const OF_THE_HOST = ['host.docker.internal', 'host.containers.internal'];

/** /etc/hosts: who it is in its networks, the host, and what was asked for. */
export function hostsText(
  engine: Pick<Engine, 'database'>,
  container: string,
  hostname: string,
  { extraHosts = [] }: NetworkWishes,
): string {
  const records = networkRecords(engine.database);
  const places = records
    .endpointsOf(container)
    .map((endpoint) => ({ endpoint, network: records.get(endpoint.network) }));
  const gateway = places.map(({ network }) => gatewayOf(network)).find((address) => address !== undefined);
  const own = places.flatMap(({ endpoint }) => addressesOf(endpoint)).map((address) => `${address}\t${hostname}`);
  const asked = extraHosts.map((entry) => hostLine(entry, gateway));
  return [
    ...ALWAYS,
    ...asked,
    ...(gateway === undefined ? [] : [`${gateway}\t${OF_THE_HOST.join(' ')}`]),
    ...(own.length === 0 ? [`127.0.0.1\t${hostname}`] : own),
    '',
  ].join('\n');
}

const addressesOf = ({ ipv4, ipv6 }: Endpoint): string[] => [ipv4, ipv6].filter((address) => address !== undefined);

const gatewayOf = (network: NetworkRecord | undefined): string | undefined =>
  network?.driver === 'bridge' ? network.subnets.find(({ subnet }) => !subnet.includes(':'))?.gateway : undefined;

/** `NAME:ADDRESS` or `NAME=ADDRESS`; an IPv6 address may be in brackets. */
function hostLine(entry: string, gateway: string | undefined): string {
  const at = entry.search(/[:=]/);
  const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  return `${address === 'host-gateway' ? (gateway ?? '127.0.0.1') : address}\t${entry.slice(0, at)}`;
}

const STUB = '/run/systemd/resolve/resolv.conf';

/** /etc/resolv.conf: the host's, without resolvers that only the host itself can reach, or what was asked for. */
export function resolverText(
  engine: Pick<Engine, 'database'>,
  container: string,
  { network, dns = [], dnsSearch = [], dnsOptions = [] }: NetworkWishes,
): string {
  const asked = [...dns, ...dnsSearch, ...dnsOptions].length > 0;
  const own = ownResolver(engine, container);
  const hosts = textOf('/etc/resolv.conf');
  const elsewhere =
    own === undefined ? (network === 'pasta' ? forwardedResolvers(hosts) : reachable(hosts)) : askingAt(own, hosts);
  const host = network === 'host' ? hosts : elsewhere;
  if (!asked) return host;
  const kept = host.split('\n').filter((line) => line !== '');
  const rest = (word: string, replaced: boolean): string[] =>
    replaced ? [] : kept.filter((line) => line.startsWith(`${word} `));
  return [
    ...dns.map((address) => `nameserver ${address}`),
    ...rest('nameserver', dns.length > 0),
    ...(dnsSearch.length === 0 || dnsSearch.includes('.') ? [] : [`search ${dnsSearch.join(' ')}`]),
    ...rest('search', dnsSearch.length > 0),
    ...(dnsOptions.length === 0 ? [] : [`options ${dnsOptions.join(' ')}`]),
    ...rest('options', dnsOptions.length > 0),
    '',
  ].join('\n');
}

/** The resolver of the first of its networks that has names. */
function ownResolver({ database }: Pick<Engine, 'database'>, container: string): string | undefined {
  const records = networkRecords(database);
  const networks = records.endpointsOf(container).map((endpoint) => records.get(endpoint.network));
  const named = networks.find((network) => network !== undefined && hasNames(network));
  return named === undefined ? undefined : resolverAddress(named);
}

/** The host's domains stay; a name without a dot is one of a container's first of all. */
const askingAt = (address: string, text: string): string =>
  [
    `nameserver ${address}`,
    ...text.split('\n').filter((line) => /^(search|domain)\s/.test(line)),
    'options ndots:0',
    '',
  ].join('\n');

function reachable(text: string): string {
  const isLocal = (line: string): boolean => /^nameserver\s+(127\.|::1\b)/.test(line);
  const lines = text.split('\n');
  if (!lines.some(isLocal)) return text;
  const left = lines.filter((line) => !isLocal(line));
  if (left.some((line) => line.startsWith('nameserver'))) return left.join('\n');
  return textOf(STUB) || left.join('\n');
}
