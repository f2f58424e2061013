import type { HostFacts } from '#kernel/host-facts.ts';
import { lowerContainer } from '#runtime/lower/container.ts';
import type { Lowered } from '#runtime/lower/context.ts';
import { findIdMappers } from './id-mappers.ts';
import { readBundle } from './bundle.ts';
import { heldTerminal } from './create.ts';
import { lowerExecOf, type ExecOptions } from './exec.ts';
import { compile } from './prepare.ts';
import { attachedTerminal } from './run.ts';
import type { CreateOptions, Runtime } from './runtime.ts';

/** What `run` of the bundle at `path` would do here. Reads the bundle, changes nothing. */
export function explainBundle(path: string, id: string, facts: HostFacts): Lowered {
  const bundle = readBundle(path, facts);
  return lowerContainer(bundle.spec, {
    id,
    facts,
    mappers: findIdMappers(),
    root: { kind: 'directory', path: bundle.rootfs },
    bundle: path,
    mode: 'run',
    terminal: { kind: 'relay' },
    sources: bundle.sources,
    links: bundle.links,
    hostNamespaces: bundle.hostNamespaces,
    cleanUp: true,
    paths: { go: `${path}/go`, report: `${path}/report` },
  });
}

/** What `create` with these options would do; `run`, when it stays with the container. */
export function explainCreate(runtime: Runtime, options: CreateOptions, stays: boolean): Lowered {
  const [mode, terminal] = stays
    ? (['run', attachedTerminal(options)] as const)
    : (['hold', heldTerminal(options)] as const);
  return compile(runtime, options, mode, terminal).lowered;
}

/** What `exec` would do in the container as it is now. */
export function explainExec(runtime: Runtime, options: ExecOptions): Lowered {
  return lowerExecOf(runtime, options);
}
