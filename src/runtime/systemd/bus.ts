import { existsSync } from 'node:fs';
import { join } from 'node:path/posix';
import type { HostFacts } from '#kernel/host-facts.ts';

/** Where systemd listens, for itself alone or behind a message bus. */
export interface BusAddress {
  path: string;
  isPrivate: boolean;
  /** The manager of a user's units, not of the machine's. */
  isUser: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The manager to ask: the machine's for root of the machine, the user's for anybody else. Its private socket comes first, as it
 * needs no bus; addresses are those that systemd's own programs go by.
 */
export function findBus(env: Env, { uid, inUserNamespace }: Pick<HostFacts, 'uid' | 'inUserNamespace'>): BusAddress {
  const isUser = uid !== 0 || inUserNamespace;
  const runtime = env['XDG_RUNTIME_DIR'] ?? `/run/user/${uid}`;
  const own = isUser ? join(runtime, 'systemd/private') : '/run/systemd/private';
  const named = socketPath(env[isUser ? 'DBUS_SESSION_BUS_ADDRESS' : 'DBUS_SYSTEM_BUS_ADDRESS']);
  if (named !== undefined) return { path: named, isPrivate: false, isUser };
  if (existsSync(own)) return { path: own, isPrivate: true, isUser };
  return { path: isUser ? join(runtime, 'bus') : '/run/dbus/system_bus_socket', isPrivate: false, isUser };
}

/** Of `unix:path=/run/x,guid=...;tcp:...` the first that is a socket of this machine; abstract ones begin with @. */
function socketPath(address: string | undefined): string | undefined {
  const unescape = (text: string): string =>
    text.replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  for (const part of address?.split(';') ?? []) {
    const match = /^unix:(?:.*,)?(path|abstract)=([^,]+)/.exec(part);
    if (match !== null) return `${match[1] === 'abstract' ? '@' : ''}${unescape(match[2] ?? '')}`;
  }
  return undefined;
}
