import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { SourceKind } from '#runtime/lower/context.ts';
import { KERNEL_TREES } from '#runtime/lower/fit-user-namespace.ts';
import { livesInUserNamespace } from '#runtime/lower/rights.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import { bindSources, linkSources } from '#runtime/lower/mounts.ts';
import { linkTargets, sourceKinds } from '#runtime/lower/source-kinds.ts';
import { checkSpec } from '#runtime/spec/check-spec.ts';
import type { NamespaceType, Spec } from '#runtime/spec/spec.ts';
import { hostNamespaces } from './host-namespaces.ts';

export interface Bundle {
  path: string;
  /** config.json as it was read, and checked. */
  text: string;
  spec: Spec;
  rootfs: string;
  sources: ReadonlyMap<string, SourceKind>;
  links: ReadonlyMap<string, string>;
  hostNamespaces: ReadonlySet<NamespaceType>;
}

/** Reads and checks a bundle; throws `notFound`, `invalid` or `unsupported` and has changed nothing. */
export function readBundle(path: string, facts: HostFacts, config = join(path, 'config.json')): Bundle {
  const text = readConfig(config, path);
  const spec = checkSpec(parse(text, config));
  const root = spec.root?.path ?? '';
  const rootfs = root.startsWith('/') ? root : join(path, root);
  checkRoot(rootfs);
  const sources = sourceKinds([...bindSources(spec, path), ...(livesInUserNamespace(spec, facts) ? KERNEL_TREES : [])]);
  const links = linkTargets(linkSources(spec, path));
  return { path, text, spec, rootfs, sources, links, hostNamespaces: hostNamespaces(spec) };
}

function readConfig(config: string, path: string): string {
  try {
    return readFileSync(config, 'utf8');
  } catch (error) {
    const own = config === join(path, 'config.json');
    const missing = own ? `config.json not found in ${path}` : `${config} not found`;
    throw new Fault('notFound', `JSON specification file ${missing}`, {
      cause: error,
      hint: "Make one with 'sampan oci spec', or name the bundle's directory with --bundle.",
    });
  }
}

function parse(text: string, config: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault('invalid', `read ${config}`, { cause: error });
  }
}

function checkRoot(rootfs: string): void {
  const field = 'root.path';
  let isDirectory: boolean;
  try {
    isDirectory = statSync(rootfs).isDirectory();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    const why = missing ? 'does not exist' : 'may not be read';
    throw new Fault(missing ? 'notFound' : 'denied', `the root file system ${rootfs} ${why}`, { cause: error, field });
  }
  if (!isDirectory) throw new Fault('invalid', `the root file system ${rootfs} is not a directory`, { field });
}
