import { statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { Fault } from '#base/fault.ts';

export type Address = { path: string } | { host: string; port: number };

/** `127.0.0.1:5000`, `[::]:5000`, `localhost:0`, `:5000` (everywhere) or `unix:/path`. */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix:/')) return { path: text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '') };
  const [, ipv6, name, port = ''] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text) ?? [];
  if (port === '' || Number(port) > 65_535) {
    throw new Fault('invalid', `listen on "${text}": this is no address`, {
      field: '--listen',
      hint: 'Write 127.0.0.1:5000, [::]:5000 or unix:/run/registry.sock.',
    });
  }
  return { host: ipv6 ?? (name === '' || name === undefined ? '::' : name), port: Number(port) };
}

export function formatAddress(address: Address, secure: boolean): string {
  if ('path' in address) return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${secure ? 'https' : 'http'}://${host}:${address.port}`;
}

/** A socket that a dead server has left; a live one's stays. */
export async function removeDeadSocket(path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const alive = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
  if (!alive) unlinkSync(path);
}
