/** A systemd behind a message bus that does nothing but answer, as it is told to. */
import { createServer, type Socket } from 'node:net';
import { FIELD, readMessage, type Message } from './dbus-reader.ts';
import { ByteWriter } from '#kernel/byte-writer.ts';
import { align, writeAll, writeValue, type Marshalled } from '#runtime/systemd/dbus-value.ts';

export interface Heard {
  member: string;
  body: unknown[];
}

export interface FakeSystemd extends AsyncDisposable {
  /** All calls, in order. */
  heard: Heard[];
  /** Environment by which it is found. */
  env: Record<string, string>;
}

/** What happens at a call: bytes to send, `end` or `drop` for the end of the connection. */
export type Answer = (message: Message, member: string) => (Uint8Array | 'end' | 'drop')[] | undefined;

const JOB = '/org/freedesktop/systemd1/job/7';

/** A message of any type but a call. */
function made(
  type: number,
  fields: readonly (readonly [number, string, unknown])[],
  signature = '',
  body: unknown[] = [],
): Uint8Array {
  const to: Marshalled = { out: new ByteWriter(), pidAt: undefined };
  for (const byte of ['l'.charCodeAt(0), type, 1, 1]) to.out.u8(byte);
  const size = to.out.reserveU32();
  to.out.u32(99);
  const all = [...fields, [FIELD.signature, 'g', signature] as const];
  writeValue(
    to,
    'a(yv)',
    all.map(([code, letter, value]) => [code, { signature: letter, value }]),
  );
  align(to.out, 8);
  const start = to.out.length;
  writeAll(to, signature, body);
  to.out.patchU32(size, to.out.length - start);
  return to.out.take();
}

export const reply = (to: Message, signature = '', body: unknown[] = []): Uint8Array =>
  made(2, [[FIELD.replyTo, 'u', to.serial]], signature, body);
export const refusal = (to: Message, name: string, text: string): Uint8Array =>
  made(
    3,
    [
      [FIELD.replyTo, 'u', to.serial],
      [FIELD.error, 's', name],
    ],
    's',
    [text],
  );
export const jobRemoved = (result: string, job = JOB): Uint8Array =>
  made(4, [[FIELD.member, 's', 'JobRemoved']], 'uoss', [7, job, 'x.scope', result]);
export const jobReply = (to: Message): Uint8Array => reply(to, 'o', [JOB]);

const usual: Answer = (message, member) => {
  if (member === 'Hello') return [reply(message, 's', [':1.5'])];
  if (member === 'StartTransientUnit' || member === 'StopUnit') return [jobReply(message), jobRemoved('done')];
  return [reply(message)];
};

export async function fakeSystemd(path: string, answer: Answer = () => undefined): Promise<FakeSystemd> {
  const heard: Heard[] = [];
  const server = createServer((socket) => serve(socket, heard, answer));
  await new Promise<void>((resolve) => void server.listen(path, resolve));
  return {
    heard,
    env: { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${path},guid=0` },
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function serve(socket: Socket, heard: Heard[], answer: Answer): void {
  let data: Buffer = Buffer.alloc(0);
  let talking = false;
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    data = Buffer.concat([data, chunk]);
    const begin = data.indexOf('BEGIN\r\n');
    if (!talking && begin >= 0) {
      if (data.subarray(0, begin).toString() !== '\0AUTH EXTERNAL\r\nDATA\r\n') return socket.destroy();
      talking = true;
      data = data.subarray(begin + 7);
      socket.write('DATA\r\nOK 0123456789abcdef0123456789abcdef\r\n');
    }
    while (talking) {
      const message = readMessage(data);
      if (message === undefined) return;
      data = data.subarray(message.size);
      const member = String(message.fields[FIELD.member]);
      heard.push({ member, body: message.body });
      for (const part of answer(message, member) ?? usual(message, member) ?? []) {
        if (part === 'end') return void socket.end();
        if (part === 'drop') return void socket.destroy();
        socket.write(part);
      }
    }
  });
}
