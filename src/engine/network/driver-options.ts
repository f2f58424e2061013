import { Fault } from '#base/fault.ts';
import { IPVLAN_MODES, MACVLAN_MODES } from '#kernel/netlink/links.ts';
import { MTU_OPTION } from './mtu.ts';
import type { NetworkDriver } from './record.ts';

export const BRIDGE_NAME = 'com.docker.network.bridge.name';

/** Nothing that nftables or the kernel would read as a pattern. */
const isDevice = (value: string): boolean => /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,14}$/.test(value);
const isMtu = (value: string): boolean => /^\d{2,5}$/.test(value) && Number(value) >= 68 && Number(value) <= 65_535;

interface DriverOption {
  is: (value: string) => boolean;
  what: string;
}

const DEVICE: DriverOption = { is: isDevice, what: 'name for a device' };
const MTU: DriverOption = { is: isMtu, what: 'MTU' };
const mode = (modes: object): DriverOption => ({
  is: (value) => Object.hasOwn(modes, value),
  what: `mode (${Object.keys(modes).join(', ')})`,
});

/** What `--opt` knows of each driver. */
const OPTIONS: Readonly<Record<NetworkDriver, Readonly<Record<string, DriverOption>>>> = {
  bridge: { [BRIDGE_NAME]: DEVICE, [MTU_OPTION]: MTU },
  macvlan: { parent: DEVICE, macvlan_mode: mode(MACVLAN_MODES), [MTU_OPTION]: MTU },
  ipvlan: { parent: DEVICE, ipvlan_mode: mode(IPVLAN_MODES), [MTU_OPTION]: MTU },
};

/** Nothing that was asked for is silently missing. */
export function checkDriverOptions(driver: NetworkDriver, options: Readonly<Record<string, string>>): void {
  const known = OPTIONS[driver];
  for (const [name, value] of Object.entries(options)) {
    const option = Object.hasOwn(known, name) ? known[name] : undefined;
    if (option === undefined)
      throw new Fault('unsupported', `create network: ${driver} has no option ${JSON.stringify(name)}`, {
        field: '--opt',
        hint: `It has ${Object.keys(known).join(', ')}.`,
      });
    if (!option.is(value))
      throw new Fault('invalid', `create network: ${JSON.stringify(value)} is no ${option.what}`, { field: name });
  }
}
