import { Fault } from '#base/fault.ts';

const VENDOR = '[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?';
const CLASS = '[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?';
const NAME = '[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?';

const KIND = new RegExp(`^${VENDOR}/${CLASS}$`);
const DEVICE = new RegExp(`^${NAME}$`);
const QUALIFIED = new RegExp(`^${VENDOR}/${CLASS}=${NAME}$`);

/** `vendor.com/class`, as a specification says of which kind its devices are. */
export const isKind = (text: string): boolean => KIND.test(text);
export const isDeviceName = (text: string): boolean => DEVICE.test(text);
/** `vendor.com/class=name`: no path of the host looks so. */
export const isCdiDevice = (text: string): boolean => QUALIFIED.test(text);

/** Vendors whose devices `--gpus` means, by the driver that is named. */
const KINDS: Readonly<Record<string, string>> = { '': 'nvidia.com/gpu', nvidia: 'nvidia.com/gpu', amd: 'amd.com/gpu' };
/** All that a specification of CDI decides itself. */
const CAPABILITIES = /^(gpu|compute|compat32|display|graphics|ngx|utility|video)$/;

/** Reads `--gpus all`, `2`, `device=0,1` (with quotes around) or `driver=cdi,device=vendor.com/class=name`. */
export function gpuDevices(text: string): string[] {
  const refuse = (why: string): Fault => new Fault('invalid', `read --gpus "${text}": ${why}`, { field: '--gpus' });
  const values = new Map<string, string>();
  for (const field of text.match(/"[^"]*"|[^,]+/g) ?? []) {
    const [key = '', ...rest] = field.replace(/^"|"$/g, '').split('=');
    const named = rest.length > 0 ? key : 'count';
    if (values.has(named)) throw refuse(`"${named}" is there twice`);
    values.set(named, rest.length > 0 ? rest.join('=') : key);
  }
  const { count, device, driver = '', capabilities = '', ...others } = Object.fromEntries(values);
  const [other] = Object.keys(others);
  if (other !== undefined) throw refuse(`"${other}" is none of count, device, driver and capabilities`);
  const unknown = capabilities.split(',').find((one) => one !== '' && !CAPABILITIES.test(one));
  if (unknown !== undefined) throw refuse(`"${unknown}" is no capability`);
  if (count !== undefined && device !== undefined) throw refuse('count and device exclude each other');
  const names = device?.split(',') ?? countedNames(count ?? '1', refuse);
  if (driver === 'cdi') return names;
  const kind = KINDS[driver];
  if (kind === undefined) throw refuse(`there is no driver "${driver}"`);
  return names.map((name) => `${kind}=${name}`);
}

function countedNames(count: string, refuse: (why: string) => Fault): string[] {
  if (count === 'all' || count === '-1') return ['all'];
  if (!/^[1-9]\d{0,2}$/.test(count)) throw refuse('write all, a number, or "device=0,1"');
  return Array.from({ length: Number(count) }, (_, index) => String(index));
}
