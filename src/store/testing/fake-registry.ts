import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { digestOf } from '#store/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '#store/registry/media-types.ts';
import { fakeUploads, type FakeUploads, type Stored } from './fake-uploads.ts';
import type { TestImage } from './test-image.ts';

/** Answers a request itself and says so by true; false leaves it to the honest registry. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse, visit: number) => boolean;

export interface FakeRegistry {
  /** `127.0.0.1:PORT` */
  host: string;
  /** All requests, oldest first. */
  readonly seen: { method: string; path: string; authorization: string | undefined; range: string | undefined }[];
  /** Serves an image under a name and tag. */
  add(repository: string, tag: string, image: TestImage): void;
  /** Serves an index (or any other document) under a tag. */
  addManifest(repository: string, tag: string, bytes: Buffer, mediaType?: string): void;
  /** Lets requests whose path fits be answered in another way; `visit` counts them from 1. */
  misbehave(path: RegExp, how: Misbehaviour): void;
  /** Makes it honest again. */
  behave(): void;
  /** What a push does here. */
  readonly uploads: FakeUploads;
  /** The bytes served at a path. */
  content(path: string): Buffer | undefined;
  close(): Promise<void>;
}

/** An honest registry on loopback that can be told to misbehave. */
export async function fakeRegistry(): Promise<FakeRegistry> {
  const content = new Map<string, Stored>();
  const seen: FakeRegistry['seen'] = [];
  let rules: { path: RegExp; how: Misbehaviour; visits: number }[] = [];
  const uploads = fakeUploads(content);
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const { authorization, range } = request.headers;
    seen.push({ method: request.method ?? '', path, authorization, range });
    const rule = rules.find((one) => one.path.test(path));
    if (rule?.how(request, response, ++rule.visits) === true) return;
    if (uploads.serve(request, response)) return;
    serve(content.get(path.replace(/\?.*$/, '')), request, response);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const addManifest: FakeRegistry['addManifest'] = (repository, tag, bytes, mediaType = OCI_INDEX) => {
    for (const name of [tag, digestOf(bytes)]) content.set(`/v2/${repository}/manifests/${name}`, { bytes, mediaType });
  };
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    add: (repository, tag, image) => {
      addManifest(repository, tag, image.manifest, OCI_MANIFEST);
      for (const [digest, bytes] of image.blobs) {
        content.set(`/v2/${repository}/blobs/${digest}`, { bytes, mediaType: 'application/octet-stream' });
      }
    },
    addManifest,
    uploads,
    content: (path) => content.get(path)?.bytes,
    misbehave: (path, how) => void (rules = [{ path, how, visits: 0 }, ...rules]),
    behave: () => void (rules = []),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function serve(content: Stored | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (content === undefined) {
    answer(response, 404, { errors: [{ code: 'NAME_UNKNOWN', message: 'repository name not known to registry' }] });
    return;
  }
  const { bytes, mediaType } = content;
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const headers = { 'Content-Type': mediaType, 'Docker-Content-Digest': digestOf(bytes) };
  if (start >= bytes.length && start > 0) answer(response, 416, {});
  else if (start > 0) {
    response.writeHead(206, {
      ...headers,
      'Content-Length': bytes.length - start,
      'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
    });
    response.end(bytes.subarray(start));
  } else {
    response.writeHead(200, { ...headers, 'Content-Length': bytes.length });
    response.end(bytes);
  }
}

/** A JSON answer, with headers when needed. */
export function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): true {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
  return true;
}

/** Sends other bytes than were asked for, with an honest length. */
export function send(response: ServerResponse, bytes: Uint8Array, headers: Record<string, string> = {}): true {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length, ...headers });
  response.end(bytes);
  return true;
}

/** Promises `bytes`, sends the first `count` of them and hangs up. */
export function hangUp(response: ServerResponse, bytes: Uint8Array, count: number): true {
  response.writeHead(200, { 'Content-Length': bytes.length });
  response.write(bytes.subarray(0, count), () => setTimeout(() => response.destroy(), 20));
  return true;
}
