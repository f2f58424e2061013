import { Fault } from '#base/fault.ts';
import { filledText, flag, list, record, shape, text, type Check } from './check.ts';
import { checkAnnotations, withReceiver } from './annotations.ts';
import { hooksShape } from './check-hooks.ts';
import { checkLinuxTogether, linuxShape, mapping } from './check-linux.ts';
import { checkProcess } from './check-process.ts';
import type { Spec } from './spec.ts';

export const mount: Check = shape({
  required: { destination: filledText },
  optional: {
    type: text,
    source: text,
    options: list(text),
    uidMappings: list(mapping),
    gidMappings: list(mapping),
  },
});

const top: Check = shape({
  required: { ociVersion: text, root: shape({ required: { path: filledText }, optional: { readonly: flag } }) },
  optional: {
    hostname: text,
    domainname: text,
    mounts: list(mount),
    linux: linuxShape,
    hooks: hooksShape,
    annotations: record(text),
  },
  refused: ['windows', 'solaris', 'vm', 'zos', 'freebsd'],
});

/**
 * The parsed config.json as a Spec. Throws `invalid` (or `unsupported` for a section this runtime does not lower)
 * with the field's name, such as `process.args`. Unknown properties are ignored.
 */
export function checkSpec(value: unknown): Spec {
  const spec = withReceiver(value as Spec);
  top(spec, '');
  checkAnnotations(spec);
  if (!/^1\.\d+\.\d+/.test(spec.ociVersion)) {
    throw new Fault('unsupported', `ociVersion: "${spec.ociVersion}" is no version 1.x.y`, { field: 'ociVersion' });
  }
  if (spec.process === undefined) throw new Fault('invalid', 'process is missing', { field: 'process' });
  const process = checkProcess(spec.process);
  checkLinuxTogether(spec);
  return process === spec.process ? spec : { ...spec, process };
}
