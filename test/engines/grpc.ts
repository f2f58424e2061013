/** Unary calls of gRPC over HTTP/2 on a unix socket: a five-byte head and the message, the status in the trailers. */
import { connect, type ClientHttp2Session } from 'node:http2';
import { connect as connectSocket } from 'node:net';

const HEAD = 5;
const DEADLINE_MS = 60_000;

export class GrpcError extends Error {}

export class GrpcClient implements Disposable {
  readonly #session: ClientHttp2Session;

  constructor(socket: string) {
    this.#session = connect('http://localhost', { createConnection: () => connectSocket(socket) });
    this.#session.on('error', () => {});
  }

  /** `method` is `package.Service/Method`. */
  call(method: string, request: Uint8Array): Promise<Uint8Array> {
    const head = Buffer.alloc(HEAD);
    head.writeUInt32BE(request.length, 1);
    const headers = { ':method': 'POST', ':path': `/${method}`, 'content-type': 'application/grpc', te: 'trailers' };
    return new Promise((resolve, reject) => {
      const stream = this.#session.request(headers);
      const chunks: Buffer[] = [];
      let status: Record<string, unknown> = {};
      const note = (more: Record<string, unknown>): void => void (status = { ...status, ...more });
      const timer = setTimeout(() => stream.destroy(new Error(`${method}: no answer`)), DEADLINE_MS);
      stream.on('close', () => clearTimeout(timer));
      stream.on('response', note);
      stream.on('trailers', note);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('end', () => {
        if (String(status['grpc-status']) === '0') resolve(Buffer.concat(chunks).subarray(HEAD));
        else reject(new GrpcError(`${method}: ${decodeURIComponent(String(status['grpc-message']))}`));
      });
      stream.end(Buffer.concat([head, request]));
    });
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}
