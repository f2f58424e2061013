import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

/** A socket as the journal has one; what comes is kept. Bun has no datagram sockets of this kind. */
export interface JournalSocket {
  /** One Map for each message. */
  messages(): Map<string, string>[];
  stop(): Promise<void>;
}

const PROGRAM = `
import os, socket, sys
journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.bind(sys.argv[1])
while True:
    data = journal.recv(1 << 20)
    sys.stdout.buffer.write(b"%d\\n" % len(data) + data)
    sys.stdout.buffer.flush()
`;

export async function journalSocket(path: string): Promise<JournalSocket> {
  const child = spawn('python3', ['-c', PROGRAM, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let bytes = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])));
  for (let tries = 0; !existsSync(path); tries += 1) {
    if (tries > 500) throw new Error(`${path} did not come`);
    await Bun.sleep(20);
  }
  return {
    messages: () => split(bytes).map(fields),
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

function split(all: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < all.length;) {
    const end = all.indexOf('\n', at);
    const size = Number(all.toString('latin1', at, end));
    if (end === -1 || end + 1 + size > all.length) break;
    found.push(all.subarray(end + 1, end + 1 + size));
    at = end + 1 + size;
  }
  return found;
}

/** The journal's native protocol: `NAME=value`, or NAME, a length and a value. */
function fields(message: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < message.length;) {
    const end = message.indexOf('\n', at);
    const line = message.toString('latin1', at, end);
    const equals = line.indexOf('=');
    if (equals >= 0) {
      found.set(line.slice(0, equals), line.slice(equals + 1));
      at = end + 1;
      continue;
    }
    const stop = end + 9 + Number(message.readBigUInt64LE(end + 1));
    found.set(line, message.toString('latin1', end + 9, stop));
    at = stop + 1;
  }
  return found;
}
