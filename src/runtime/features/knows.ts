import { isFault } from '#base/fault.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import { lowerContainer } from '#runtime/lower/container.ts';
import { checkProcess } from '#runtime/spec/check-process.ts';
import { checkSpec } from '#runtime/spec/check-spec.ts';
import { defaultSpec } from '#runtime/spec/default-spec.ts';
import type { Linux, Spec } from '#runtime/spec/spec.ts';

/**
 * Whether a piece of configuration is taken, by the very code that takes those of containers. So the list of features
 * is never behind what is done.
 */
export function knows(facts: HostFacts) {
  const linux = (part: object): boolean => {
    const spec = bare();
    return taken(() => checkSpec({ ...spec, linux: { ...spec.linux, ...part } }));
  };
  return {
    linux,
    process: (part: object): boolean => taken(() => checkProcess({ ...bare().process, ...part })),
    mountOption: (option: string): boolean => {
      const isBind = /^r?bind$/.test(option);
      const type = isBind ? 'bind' : 'tmpfs';
      return taken(() => lower({ mounts: [{ destination: '/x', type, source: '/', options: [option] }] }, {}, facts));
    },
    mount: (part: object): boolean =>
      taken(() => checkSpec({ ...bare(), mounts: [{ destination: '/x', type: 'bind', source: '/', ...part }] })),
    /** A filter with this in it can be made. */
    seccomp: (part: object): boolean => {
      const seccomp = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [], ...part } as NonNullable<Linux['seccomp']>;
      return linux({ seccomp }) && taken(() => lower({}, { seccomp }, facts));
    },
  };
}

function bare(): Spec {
  const spec = defaultSpec();
  if (spec.process !== undefined) spec.process.terminal = false;
  return spec;
}

function lower(top: Partial<Spec>, linux: Partial<Linux>, facts: HostFacts): void {
  const spec = bare();
  const wanted = { ...spec, mounts: [], ...top, linux: { ...spec.linux, resources: { devices: ALL }, ...linux } };
  lowerContainer(checkSpec(wanted), {
    id: 'features',
    facts,
    root: { kind: 'directory', path: '/' },
    mode: 'run',
    terminal: { kind: 'none' },
    sources: new Map([['/', 'directory']]),
  });
}

const ALL = [{ allow: true, type: 'a' as const }];

function taken(use: () => unknown): boolean {
  try {
    use();
    return true;
  } catch (error) {
    if (isFault(error, 'unsupported', 'invalid')) return false;
    throw error;
  }
}
