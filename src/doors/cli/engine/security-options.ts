import { Fault } from '#base/fault.ts';
import type { SecurityWish } from '#engine/container/confinement.ts';
import { readSeccompFile } from '#engine/container/seccomp-file.ts';

const FIELD = '--security-opt';

type ReadSecurity = (value: string) => SecurityWish | undefined;

/** Options by name; undefined when the value is not one of theirs. */
const SECURITY: Readonly<Record<string, ReadSecurity>> = {
  'no-new-privileges': (value) => onOff(value, (on) => ({ noNewPrivileges: on })),
  seccomp: (value) => {
    if (value === 'builtin') return {};
    return { seccomp: value === 'unconfined' ? value : readSeccompFile(value) };
  },
  apparmor: (value) => (value === '' ? undefined : value === 'unconfined' ? {} : { apparmor: value }),
  systempaths: (value) => (value === 'unconfined' ? { bareSystemPaths: true } : undefined),
  label: (value) => {
    if (value === 'disable') return {};
    throw new Fault('unsupported', `read ${FIELD}: labels of SELinux are not given`, {
      field: FIELD,
      hint: 'There is label=disable.',
    });
  },
  mask: (value) => pathsOf(value, (masked) => ({ masked })),
  unmask: (value) => {
    if (/^all$/i.test(value)) return { bareSystemPaths: true };
    return pathsOf(value, (unmasked) => ({ unmasked }));
  },
  'writable-cgroups': (value) => onOff(value, (on) => ({ writableCgroups: on })),
};

function onOff(value: string, wish: (on: boolean) => SecurityWish): SecurityWish | undefined {
  if (/^(|true|1)$/.test(value)) return wish(true);
  return /^(false|0)$/.test(value) ? wish(false) : undefined;
}

function pathsOf(value: string, wish: (paths: string[]) => SecurityWish): SecurityWish | undefined {
  const paths = value.split(':').filter(Boolean);
  return paths.length > 0 && paths.every((path) => path.startsWith('/')) ? wish(paths) : undefined;
}

/** Of options that are given twice the last one counts; the paths of all are taken together. */
export function securityWish(texts: readonly string[]): SecurityWish | undefined {
  if (texts.length === 0) return undefined;
  const wishes = texts.map((text) => {
    const [, name = '', value = ''] = /^([^=:]+)(?:[=:]([^]*))?$/.exec(text) ?? [];
    const wish = Object.hasOwn(SECURITY, name) ? SECURITY[name]?.(value) : undefined;
    if (wish === undefined) throw new Fault('invalid', `read ${FIELD}: "${text}" is not known here`, { field: FIELD });
    return wish;
  });
  const masked = wishes.flatMap((wish) => wish.masked ?? []);
  const unmasked = wishes.flatMap((wish) => wish.unmasked ?? []);
  return {
    ...(Object.assign({}, ...wishes) as SecurityWish),
    ...(masked.length === 0 ? {} : { masked }),
    ...(unmasked.length === 0 ? {} : { unmasked }),
  };
}
