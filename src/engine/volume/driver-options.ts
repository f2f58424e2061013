import { Fault } from '#base/fault.ts';

/** Mount options of the local driver: what of mount(8) is `-t`, the device, and `-o`. */
export type DriverOptions = Readonly<Record<string, string>>;

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.%]+)$/;

/** What has to come with each. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  type: ['device'],
  device: ['type'],
  o: ['device', 'type'],
};

/** How a volume is mounted when its files do not lie below the root. */
export type DriverMount =
  | { kind: 'bind'; source: string; recursive: boolean; options: readonly string[] }
  | { kind: 'filesystem'; type: string; source: string; options: readonly string[] };

/** Undefined for a plain directory. Throws `invalid` for options that make no mount. */
export function driverMount(given: DriverOptions, field = '--opt'): DriverMount | undefined {
  const refuse = (why: string, hint?: string): never => {
    throw new Fault('invalid', `read the options of the volume: ${why}`, {
      field,
      ...(hint === undefined ? {} : { hint }),
    });
  };
  const keys = Object.keys(given);
  for (const key of keys) {
    if (key === 'size')
      throw new Fault('unsupported', 'read the options of the volume: sizes need quotas, which are not there', {
        field,
        hint: 'A volume in memory has a size: type=tmpfs, device=tmpfs, o=size=64m.',
      });
    if (!Object.hasOwn(NEEDS, key)) refuse(`invalid option: "${key}"`, 'There are type, device and o.');
    const missing = NEEDS[key]?.find((other) => !given[other]);
    if (missing !== undefined && given[key] !== '') refuse(`missing required option: "${missing}"`);
  }
  const { type = '', device = '', o = '' } = given;
  if (type === '' || device === '') return undefined;
  const options = o.split(',').filter((option) => option !== '');
  const bind = options.find((option) => option === 'bind' || option === 'rbind');
  if (bind !== undefined) {
    if (!device.startsWith('/')) refuse(`"${device}" is no absolute path to bind`);
    return {
      kind: 'bind',
      source: device,
      recursive: bind === 'rbind',
      options: options.filter((one) => one !== bind),
    };
  }
  if (type === 'none') refuse('type=none is for o=bind only');
  if (!type.startsWith('nfs')) return { kind: 'filesystem', type, source: device, options };
  return nfs(type, device, options, refuse);
}

/** The kernel wants the server's address as a number, and the server in front of the path. */
function nfs(
  type: string,
  device: string,
  options: readonly string[],
  refuse: (why: string, hint: string) => never,
): DriverMount {
  const host = device.slice(0, device.lastIndexOf(':/'));
  const address = options.find((option) => option.startsWith('addr='))?.slice('addr='.length) ?? host;
  if (!ADDRESS.test(address))
    refuse(`"${address}" is no address of a server`, 'Write o=addr=192.0.2.1,rw and device=:/path.');
  const source = device.startsWith(':') ? `${address}${device}` : device;
  const rest = options.filter((option) => !option.startsWith('addr='));
  return { kind: 'filesystem', type, source, options: [`addr=${address}`, ...rest] };
}
