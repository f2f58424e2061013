import { Fault } from '#base/fault.ts';
import { addressOf, parseAddress } from '#base/ip.ts';
import type { ContainerOptions } from '#engine/container/options.ts';
import type { NetworkPlace, NetworkWishes } from '#engine/network/wishes.ts';
import type { Flags, FlagTable } from '#doors/cli/flags.ts';
import { isOrdinaryUser, pastaWish, userNetwork } from './pasta-option.ts';
import { readExposed, readPorts } from './publish-option.ts';

/** How a container is connected; spelling and meaning are docker's. */
export const NETWORK_FLAGS: FlagTable = {
  'add-host': { kind: 'list', value: 'NAME:ADDRESS', does: 'Add a line to /etc/hosts; host-gateway is the host' },
  dns: { kind: 'list', value: 'ADDRESS', does: 'Use these resolvers' },
  'dns-opt': { kind: 'list', value: 'OPTION', does: 'The same as --dns-option' },
  'dns-option': { kind: 'list', value: 'OPTION', does: 'Set options of the resolver' },
  'dns-search': { kind: 'list', value: 'DOMAIN', does: 'Look for names in these domains (. for none)' },
  expose: { kind: 'list', value: 'PORT[/PROTOCOL]', does: 'Ports that the container serves; for -P and ps' },
  ip: { kind: 'text', value: 'ADDRESS', does: 'IPv4 address in the first network' },
  ip6: { kind: 'text', value: 'ADDRESS', does: 'IPv6 address in the first network' },
  'mac-address': { kind: 'text', value: 'ADDRESS', does: 'Hardware address in the first network' },
  network: {
    kind: 'list',
    value: 'NETWORK',
    does: 'none (loopback only, the default), host, bridge, or networks by name, NAME:ip=...,alias=...',
  },
  net: { kind: 'list', value: 'NETWORK', does: 'The same as --network' },
  'net-alias': { kind: 'list', value: 'NAME', does: 'The same as --network-alias' },
  'network-alias': { kind: 'list', value: 'NAME', does: 'A further name in its networks' },
  publish: {
    kind: 'list',
    short: 'p',
    value: '[[ADDRESS:]PORT:]PORT[/PROTOCOL]',
    does: 'A port of the host, or a range, that leads to a port of the container',
  },
  'publish-all': { kind: 'switch', short: 'P', does: 'A free port of the host for every port that is exposed' },
};

type NetworkOptions = NetworkWishes & Pick<ContainerOptions, 'pasta'>;

const MODES = new Set(['none', 'host']);

/** Flags as the engine's wish. */
export function networkWishes(flags: Flags, env: Readonly<Record<string, string | undefined>>): NetworkOptions {
  const named = [...flags.list('network'), ...flags.list('net')];
  const asked = isOrdinaryUser(env) ? [userNetwork(named)] : named;
  const publish = readPorts(flags.list('publish'));
  const pasta = asked.length === 1 ? pastaWish(asked[0] ?? '', publish) : undefined;
  if (pasta !== undefined) {
    refuseUnplaced(flags, []);
    if (flags.on('publish-all'))
      throw new Fault('unsupported', 'read --publish-all: with pasta each port is named', { field: '--publish-all' });
    return { ...pasta, ...nameWishes(flags) };
  }
  const modes = asked.filter((one) => MODES.has(one));
  if (modes.length > 0 && asked.length > 1)
    throw new Fault('invalid', `read --network: ${modes[0]} goes with no other network`, { field: '--network' });
  const places = asked.length === modes.length ? [] : placesOf(asked, flags);
  // Who asks for a port wants to be reached.
  if (asked.length === 0 && (publish.length > 0 || flags.on('publish-all')))
    places.push(...placesOf(['bridge'], flags));
  refuseUnplaced(flags, places);
  if (publish.length > 0 && places.length === 0 && modes[0] === 'none')
    throw new Fault('invalid', 'read --publish: with --network none no port leads into the container', {
      field: '--publish',
    });
  return {
    network: modes[0] ?? places[0]?.network ?? 'none',
    ...(places.length === 0 ? {} : { networks: places }),
    // With the host's network its ports are the host's already, as docker has it.
    ...(publish.length === 0 || places.length === 0 ? {} : { publish }),
    ...nameWishes(flags),
    ...(flags.on('publish-all') ? { publishAll: true } : {}),
  };
}

/** What a container says it serves, and what it finds by which names. */
function nameWishes(flags: Flags): Partial<NetworkWishes> {
  for (const address of flags.list('dns')) parseAddress(address, '--dns');
  for (const option of ['dns-search', 'dns-option', 'dns-opt'] as const)
    for (const word of flags.list(option)) {
      if (/^[\w.:-]+$/.test(word)) continue;
      throw new Fault('invalid', `read --${option}: ${JSON.stringify(word)} is not one word`, { field: `--${option}` });
    }
  return {
    ...list('expose', readExposed(flags.list('expose'))),
    ...list('dns', flags.list('dns')),
    ...list('dnsSearch', flags.list('dns-search')),
    ...list('dnsOptions', [...flags.list('dns-option'), ...flags.list('dns-opt')]),
    ...list('extraHosts', flags.list('add-host').map(checkHost)),
  };
}

const list = <K extends string>(name: K, values: readonly string[]): { [Name in K]?: readonly string[] } =>
  (values.length === 0 ? {} : { [name]: values }) as { [Name in K]?: readonly string[] };

function placesOf(asked: readonly string[], flags: Flags): NetworkPlace[] {
  const aliases = [...flags.list('network-alias'), ...flags.list('net-alias')];
  const [ip, ip6, mac] = [flags.text('ip'), flags.text('ip6'), flags.text('mac-address')];
  if (new Set(asked.map((one) => nameOf(one))).size < asked.length)
    throw new Fault('invalid', 'read --network: one network is named twice', { field: '--network' });
  return asked.map((one, at) => {
    const own = readPlace(one);
    return {
      ...own,
      ...(at > 0 || ip === undefined ? {} : { ip: checkFamily(ip, 4, '--ip') }),
      ...(at > 0 || ip6 === undefined ? {} : { ip6: checkFamily(ip6, 6, '--ip6') }),
      ...(at > 0 || mac === undefined ? {} : { mac: checkMac(mac, '--mac-address') }),
      ...list('aliases', [...(own.aliases ?? []), ...aliases]),
    };
  });
}

const LONG = /^(?:name|alias|ip6?|mac-address)=/;
const nameOf = (text: string): string => readPlace(text).network;

/** `NAME`, docker's `name=NAME,alias=...,ip=...`, or podman's `NAME:alias=...,ip=...`. */
function readPlace(text: string): NetworkPlace {
  const colon = text.indexOf(':');
  const short = LONG.test(text)
    ? text
    : `name=${colon < 0 ? text : `${text.slice(0, colon)},${text.slice(colon + 1)}`}`;
  const place: { network: string; ip?: string; ip6?: string; mac?: string; aliases: string[] } = {
    network: '',
    aliases: [],
  };
  for (const part of short.split(',').filter(Boolean)) {
    const at = part.indexOf('=');
    const [key, value] = [part.slice(0, at), part.slice(at + 1)];
    if (key === 'name') place.network = value === 'default' ? 'bridge' : value;
    else if (key === 'alias') place.aliases.push(value);
    else if (key === 'ip') place[addressOf(value)?.family === 6 ? 'ip6' : 'ip'] = value;
    else if (key === 'ip6') place.ip6 = checkFamily(value, 6, '--network');
    else if (key === 'mac' || key === 'mac-address') place.mac = checkMac(value, '--network');
    else throw new Fault('unsupported', `read --network: ${JSON.stringify(part)} is not known`, { field: '--network' });
  }
  if (place.ip !== undefined) checkFamily(place.ip, 4, '--network');
  const { aliases, ...rest } = place;
  return aliases.length === 0 ? rest : place;
}

export function checkFamily(text: string, family: 4 | 6, field: string): string {
  if (parseAddress(text, field).family === family) return text;
  throw new Fault('invalid', `read ${field}: ${text} is no IPv${family} address`, { field });
}

export function checkMac(text: string, field: string): string {
  const isUnicast = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) && Number.parseInt(text.slice(0, 2), 16) % 2 === 0;
  if (isUnicast && !/^(00:){5}00$/.test(text)) return text.toLowerCase();
  throw new Fault('invalid', `read ${field}: ${JSON.stringify(text)} is no hardware address of a device`, { field });
}

function checkHost(entry: string): string {
  const at = entry.search(/[:=]/);
  const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  if (at > 0 && !/[\s#]/.test(entry) && (address === 'host-gateway' || addressOf(address) !== undefined)) return entry;
  throw new Fault('invalid', `read --add-host: ${JSON.stringify(entry)} is not NAME:ADDRESS`, { field: '--add-host' });
}

function refuseUnplaced(flags: Flags, places: readonly NetworkPlace[]): void {
  if (places.length > 0) return;
  const field = (['ip', 'ip6', 'mac-address'] as const).find((name) => flags.text(name) !== undefined);
  const unplaced = field ?? (['network-alias', 'net-alias'] as const).find((name) => flags.list(name).length > 0);
  if (unplaced !== undefined)
    throw new Fault('invalid', `read --${unplaced}: the container is in no network`, {
      field: `--${unplaced}`,
      hint: 'Name one with --network.',
    });
}
