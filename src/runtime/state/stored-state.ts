import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { absolutePath, integer, list, record, shape, text } from '#runtime/spec/check.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import type { HostRoot } from './host-root.ts';
import type { ContainerDirectory } from './container-directory.ts';

/** What is remembered of a container. Whether it lives is never remembered, it is asked (status.ts). */
export interface StoredState {
  ociVersion: string;
  id: string;
  bundle: string;
  rootfs: string;
  /** RFC 3339. */
  created: string;
  owner: string;
  /** Directories of the container's control groups. */
  cgroups: string[];
  cgroupsPath: string;
  keyring?: string;
  /** Of a container without a mount namespace. */
  hostRoot?: HostRoot;
  annotations?: Record<string, string>;
}

const hostRoot = shape({ required: { path: absolutePath, over: integer(0, 2 ** 31) } });

/** What is needed to look after a container; a state without it was not written by us, or was damaged. */
const checkState = shape({
  required: { ociVersion: text, id: text, bundle: text, rootfs: text, cgroups: list(text), cgroupsPath: text },
  optional: { created: text, owner: text, keyring: text, hostRoot, annotations: record(text) },
});

export function writeState(directory: ContainerDirectory, state: StoredState): void {
  const aside = `${directory.state}.new`;
  writeFileSync(aside, JSON.stringify(state), { mode: 0o600 });
  renameSync(aside, directory.state);
}

/** Undefined when the container was killed while it was being made; throws `notFound` when there is none. */
export function readState(directory: ContainerDirectory, id: string): StoredState | undefined {
  let content: string;
  try {
    content = readFileSync(directory.state, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new Fault('internal', `read the state of container ${id}`, { cause: error });
    }
    if (isDirectoryThere(directory)) return undefined;
    throw new Fault('notFound', `container does not exist: ${id}`, { facts: { id } });
  }
  try {
    const state: unknown = JSON.parse(content);
    checkState(state, 'state');
    return state as StoredState;
  } catch (error) {
    throw new Fault('corrupt', `read the state of container ${id}`, { cause: error });
  }
}

/** The configuration as it was when the container was created. */
export function readStoredSpec(directory: ContainerDirectory, id: string): Spec {
  try {
    const spec: unknown = JSON.parse(readFileSync(directory.config, 'utf8'));
    shape({})(spec, 'config.json');
    return spec as Spec;
  } catch (error) {
    throw new Fault('corrupt', `read the configuration of container ${id}`, { cause: error });
  }
}

/** For the hooks of a container that may have been killed while it was being made, before it had a configuration. */
export function specOf(
  directory: ContainerDirectory,
  id: string,
): Pick<Spec, 'ociVersion' | 'hooks' | 'annotations' | 'linux'> {
  try {
    return readStoredSpec(directory, id);
  } catch {
    return { ociVersion: '' };
  }
}

function isDirectoryThere({ path }: ContainerDirectory): boolean {
  try {
    readFileSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EISDIR';
  }
}
