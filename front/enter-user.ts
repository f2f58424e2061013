/** An ordinary user's command goes on in a user namespace of theirs, as its root. */
import { mkdirSync, openSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { identify, isAlive, type ProcessIdentity } from '#base/process-identity.ts';
import { findCommand } from '#doors/cli/find-command.ts';
import type { GlobalFlags } from '#doors/cli/global-flags.ts';
import { places } from '#doors/cli/places.ts';
import { mappingOf } from '#engine/rootless/mappers.ts';
import { openMembers } from '#engine/rootless/members.ts';
import { makePrivate } from '#kernel/install-launcher.ts';
import { host } from './shim/host.ts';

/** They open no store, and some look at the user's own ids. */
const OUTSIDE = new Set(['version', 'completion', 'doctor', 'login', 'logout', 'search']);

/** Whether the command works with containers or images. */
export function needsNamespace(rest: readonly string[]): boolean {
  const found = findCommand(rest);
  if (found === undefined || OUTSIDE.has(found.name)) return false;
  if (['--help', '-h'].includes(found.args[0] ?? '')) return false;
  return found.name !== 'explain' || !found.args.some((word) => /^(-b|--bundle)/.test(word));
}

/** This process executes its command anew in there; `warn` gets what is missing. */
export function enterUserNamespace(flags: GlobalFlags, warn: (text: string) => void): never {
  const { root, runDirectory } = places(flags, process.env, host.uid);
  makeRoot(root);
  makePrivate(runDirectory);
  const members = openMembers(runDirectory, root);
  const lock = host.lock(members.lockFile);
  const self = identify(host.pid);
  if (self === undefined) throw new Fault('internal', `find this process in /proc: no entry for ${host.pid}`);
  if (!joinOneOf(members.living())) makeOne(warn);
  members.sign(self);
  host.close(lock);
  return host.become('/proc/self/exe', host.argv);
}

/** What containers leave has owners of its own; nobody else has any business there. */
function makeRoot(root: string): void {
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Fault('denied', `make the root directory ${root}`, { cause, field: '--root' });
  }
}

function joinOneOf(living: Iterable<ProcessIdentity>): boolean {
  for (const identity of living) {
    const namespace = namespaceOf(identity);
    if (namespace === undefined) continue;
    try {
      if (host.joinUser(namespace)) return true;
    } catch (cause) {
      throw new Fault('denied', `enter the user namespace of process ${identity.split(':')[0]}`, { cause });
    } finally {
      host.close(namespace);
    }
  }
  return false;
}

/** Undefined when it has just ended: what was opened may then be another process's. */
function namespaceOf(identity: ProcessIdentity): number | undefined {
  try {
    const fd = openSync(`/proc/${identity.split(':')[0]}/ns/user`, 'r');
    if (isAlive(identity)) return fd;
    host.close(fd);
  } catch {
    // It has ended.
  }
  return undefined;
}

function makeOne(warn: (text: string) => void): void {
  const { mappers, warnings } = mappingOf(host.uid, host.gid);
  for (const one of warnings) warn(one);
  try {
    host.newUser(mappers);
  } catch (cause) {
    throw new Fault('denied', `make a user namespace for user ${host.uid}`, {
      cause,
      hint: 'sampan doctor says what keeps ordinary users from it.',
    });
  }
}
