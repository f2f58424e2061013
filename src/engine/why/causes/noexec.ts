import type { Confinement } from '#engine/why/facts.ts';

/** The mount over a path, when nothing may be executed there. */
export function noexecMount(path: string, confinement: Confinement | undefined): string | undefined {
  const over = (confinement?.mounts ?? []).filter(
    ({ destination }) => path === destination || path.startsWith(`${destination.replace(/\/$/, '')}/`),
  );
  const nearest = over.toSorted((a, b) => b.destination.length - a.destination.length)[0];
  return nearest?.options.includes('noexec') === true ? nearest.destination : undefined;
}
