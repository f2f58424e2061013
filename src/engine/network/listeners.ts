import { readdirSync, readlinkSync } from 'node:fs';
import { formatAddress } from '#base/ip.ts';
import { textOf } from './text-of.ts';

/** A socket of the host that a program listens at. */
export interface Listener {
  protocol: string;
  /** Empty: any. */
  address: string;
  port: number;
  /** The program, as far as it can be seen; looked for when it is asked. */
  who(): string;
}

const LISTENS = '0A';
const UNCONNECTED = '07';
const TABLES: readonly (readonly [protocol: string, file: string, state: string])[] = [
  ['tcp', '/proc/net/tcp', LISTENS],
  ['tcp', '/proc/net/tcp6', LISTENS],
  ['udp', '/proc/net/udp', UNCONNECTED],
  ['udp', '/proc/net/udp6', UNCONNECTED],
];

/** All sockets that wait for what comes to a port of this machine (proc_net(5)). */
export const listeners = (): Listener[] =>
  TABLES.flatMap(([protocol, file, state]) => parseSockets(textOf(file), protocol, state));

export function parseSockets(text: string, protocol: string, state: string): Listener[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === state)
    .map(([, local = '', , , , , , , , inode = '']) => {
      const [address = '', port = '0'] = local.split(':');
      return { protocol, address: addressText(address), port: Number.parseInt(port, 16), who: () => holderOf(inode) };
    });
}

/** Words of 32 bits in the machine's order, hexadecimal. */
function addressText(hex: string): string {
  const bytes = (hex.toLowerCase().match(/.{8}/g) ?? [])
    .map((word) => word.match(/../g)?.reverse().join('') ?? '')
    .join('');
  const value = BigInt(`0x${bytes || '0'}`);
  if (value === 0n) return '';
  const mapped = bytes.length === 32 && bytes.startsWith('00000000000000000000ffff');
  return formatAddress(
    mapped ? { family: 4, value: value & 0xffff_ffffn } : { family: bytes.length === 32 ? 6 : 4, value },
  );
}

function holderOf(inode: string): string {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (!holds(pid, `socket:[${inode}]`)) continue;
    return `process ${pid} (${textOf(`/proc/${pid}/comm`).trim()})`;
  }
  return 'a process of the host';
}

function holds(pid: string, socket: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === socket);
  } catch {
    return false; // it has ended, or is not ours to look at
  }
}
