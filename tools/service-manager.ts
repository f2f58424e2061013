/** A stand-in for systemd's side of sd_notify: a datagram socket whose messages end up in a file. */
import { existsSync, readFileSync } from 'node:fs';

/** Writes down what it is told, each message followed by a line of two dashes. */
const MANAGER = `
import socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(sys.argv[1] if sys.argv[1][0] != '@' else '\\0' + sys.argv[1][1:])
open(sys.argv[2], 'w').close()
while True:
    with open(sys.argv[2], 'a') as log: log.write(server.recv(4096).decode() + '\\n--\\n')
`;

export interface ServiceManager extends Disposable {
  said(): string;
  /** Once it has written down so many messages. */
  heard(count: number): Promise<string>;
}

/** Listens at `address`, a path or `@` and a name; what it hears is kept in the file `log`. */
export async function serviceManager(address: string, log: string): Promise<ServiceManager> {
  const running = Bun.spawn(['python3', '-c', MANAGER, address, log]);
  while (!existsSync(log)) await Bun.sleep(10);
  const said = (): string => readFileSync(log, 'utf8');
  return {
    said,
    heard: async (count) => {
      for (let round = 0; round < 1000 && said().split('--\n').length <= count; round++) await Bun.sleep(10);
      return said();
    },
    [Symbol.dispose]: () => running.kill(),
  };
}
