import type { HostFacts } from '#kernel/host-facts.ts';
import { lowerContainer } from '#runtime/lower/container.ts';
import type { Lowered } from '#runtime/lower/context.ts';
import { readBundle } from './bundle.ts';

/** What `run` of the bundle at `path` would do here. Reads the bundle, changes nothing. */
export function explainBundle(path: string, id: string, facts: HostFacts): Lowered {
  const bundle = readBundle(path);
  return lowerContainer(bundle.spec, {
    id,
    facts,
    root: { kind: 'directory', path: bundle.rootfs },
    bundle: path,
    mode: 'run',
    terminal: { kind: 'relay' },
    sources: bundle.sources,
    links: bundle.links,
    hostNamespaces: bundle.hostNamespaces,
    cleanUp: true,
  });
}
