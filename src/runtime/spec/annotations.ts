import { Fault } from '#base/fault.ts';
import type { Spec } from './spec.ts';

/** Annotations that change what is done; all are crun's, but the last. */
export const HONOURED = [
  'run.oci.keep_original_groups',
  'run.oci.mount_context_type',
  'run.oci.pidfd_receiver',
  'run.oci.seccomp.receiver',
  'run.oci.seccomp_bpf_data',
  'run.oci.seccomp_fail_unknown_syscall',
  'org.criu.config',
] as const;

/** They ask for something that a container without it is not. */
const REFUSED: Readonly<Record<string, string>> = {
  'run.oci.handler': 'there is no handler here but that of Linux programs',
  'run.oci.seccomp.plugins': 'filters are compiled here, without plugins',
};

export type HonouredAnnotation = (typeof HONOURED)[number];

/** The value, unless it is empty. */
export function annotation({ annotations }: Pick<Spec, 'annotations'>, name: HonouredAnnotation): string | undefined {
  return annotations?.[name] || undefined;
}

/** Throws for what cannot be left undone. */
export function checkAnnotations({ annotations = {} }: Spec): void {
  for (const [name, why] of Object.entries(REFUSED)) {
    if (!annotations[name]) continue;
    const field = `annotations.${name}`;
    throw new Fault('unsupported', `${field}: ${why}`, { field });
  }
}

/** One sentence for each annotation of crun's that has no effect here. */
export function annotationWarnings({ annotations = {} }: Spec): string[] {
  const known: ReadonlySet<string> = new Set(HONOURED);
  return Object.keys(annotations)
    .filter((name) => name.startsWith('run.oci.') && !known.has(name))
    .map((name) => `annotations.${name} has no effect: it is not known here`);
}

/** A listener's socket may be named by an annotation, where the profile names none. */
export function withReceiver(spec: Spec): Spec {
  const path = annotation(spec, 'run.oci.seccomp.receiver');
  const { linux } = spec;
  if (path === undefined || !linux?.seccomp || linux.seccomp.listenerPath) return spec;
  return { ...spec, linux: { ...linux, seccomp: { ...linux.seccomp, listenerPath: path } } };
}
