/** A resolver of the outside world, for the tests: every name's address is 203.0.113.7, over UDP and over TCP. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const ADDRESS = [203, 0, 113, 7];

function answer(query: Buffer): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const head = Buffer.from(query.subarray(0, end));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(1, 6);
  head.writeUInt32BE(0, 8);
  const isA = query.readUInt16BE(end - 4) === 1;
  if (!isA) head.writeUInt16BE(0, 6);
  return isA ? Buffer.concat([head, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, ...ADDRESS])]) : head;
}

const host = process.argv[2] ?? '';
const udp = createSocket('udp4');
udp.on('message', (message, { address, port }) => udp.send(answer(message), port, address));
udp.bind(53, host);
createServer((connection) => {
  connection.on('data', (data) => {
    const said = answer(data.subarray(2));
    connection.write(Buffer.concat([Buffer.from([said.length >> 8, said.length & 0xff]), said]));
  });
}).listen(53, host, () => console.log('listening'));
