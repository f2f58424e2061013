import { Fault } from '#base/fault.ts';
import { checkSpec } from '#runtime/spec/check-spec.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { readCdi, type CdiDevice, type CdiDevices } from './directories.ts';
import { withEdits } from './edits.ts';
import type { ContainerEdits } from './specification.ts';

/**
 * The specification with what the devices ask for, as it is described now: a driver that was renewed has described its
 * files anew. Throws `notFound` for a device that nobody describes, `conflict` for one that is described twice.
 */
export function injectCdi(spec: Spec, names: readonly string[], directories: readonly string[]): Spec {
  const devices = foundDevices(names, directories);
  const said = new Set<string>();
  let result = spec;
  for (const [whole, { path, name, specification }] of devices) {
    const own = specification.devices.find((one) => one.name === name)?.containerEdits;
    const all: (ContainerEdits | undefined)[] = [said.has(path) ? undefined : specification.containerEdits, own];
    said.add(path);
    for (const edits of all) if (edits !== undefined) result = withEdits(result, edits, whole);
  }
  checkSpec(result);
  return result;
}

/** Throws as `injectCdi`. */
export function foundDevices(names: readonly string[], directories: readonly string[]): Map<string, CdiDevice> {
  const known = readCdi(directories);
  return new Map([...new Set(names)].map((name) => [name, find(name, known, directories)]));
}

function find(name: string, { devices, disputed, broken }: CdiDevices, directories: readonly string[]): CdiDevice {
  const claims = disputed.get(name);
  if (claims !== undefined) {
    throw new Fault('conflict', `find the device ${name}: it is described in ${claims.join(' and in ')}`, {
      field: '--device',
      hint: 'Remove one of the files.',
    });
  }
  const found = devices.get(name);
  if (found !== undefined) return found;
  const [kind = ''] = name.split('=');
  const alike = [...devices.keys()].filter((other) => other.startsWith(`${kind}=`));
  throw new Fault('notFound', `find the device ${name}: no CDI specification describes it`, {
    field: '--device',
    hint: hintFor(kind, alike, directories),
    ...(broken.length === 0 ? {} : { cause: new Error(`left out: ${broken.join('; ')}`) }),
  });
}

function hintFor(kind: string, alike: readonly string[], directories: readonly string[]): string {
  if (alike.length > 0) return `There are: ${alike.join(', ')}.`;
  const [first = ''] = directories;
  if (kind === 'nvidia.com/gpu')
    return `nvidia-ctk cdi generate --output=${first}/nvidia.yaml describes the GPUs of this machine.`;
  return `Specifications are looked for in ${directories.join(' and ')}.`;
}
