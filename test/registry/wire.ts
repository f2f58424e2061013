/** Bytes on a connection, as no client would send them. */
import { connect, type Socket } from 'node:net';

export interface Wire {
  socket: Socket;
  /** All that was answered when the server ends the connection, or after `ms`. */
  answer(ms?: number): Promise<{ text: string; closed: boolean }>;
}

export async function wire(host: string): Promise<Wire> {
  const [name = '', port = ''] = host.split(':');
  const socket = connect(Number(port), name);
  await new Promise<void>((resolve, reject) => socket.once('connect', () => resolve()).once('error', reject));
  socket.on('error', () => undefined);
  let text = '';
  let closed = false;
  socket.on('data', (data: Buffer) => (text += data.toString('latin1')));
  const ended = new Promise<void>((resolve) => {
    for (const event of ['end', 'close'] as const) {
      socket.once(event, () => {
        closed = true;
        resolve();
      });
    }
  });
  return {
    socket,
    answer: async (ms = 5000) => {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([ended, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
      clearTimeout(timer);
      socket.destroy();
      return { text, closed };
    },
  };
}

/** One request and its answer's status line. */
export async function sendRaw(host: string, text: string, ms?: number): Promise<string> {
  const { socket, answer } = await wire(host);
  socket.write(text);
  return (await answer(ms)).text;
}

export const statusOf = (answer: string): number =>
  Number(/^HTTP\/1\.1 (\d+)/.exec(answer.replace(/^HTTP\/1\.1 100.*\r\n\r\n/, ''))?.[1] ?? 0);
