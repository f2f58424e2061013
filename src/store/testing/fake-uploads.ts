import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { digestOf, isDigest } from '#store/digest.ts';
import { OCI_MANIFEST } from '#store/registry/media-types.ts';

export interface Stored {
  bytes: Buffer;
  mediaType: string;
}

export interface FakeUploads {
  /** True when the request was one of a push, and is or will be answered. */
  serve(request: IncomingMessage, response: ServerResponse): boolean;
  /** Cuts the connection of the next `times` uploads after `bytes` of their body; what came is kept or forgotten. */
  cut(bytes: number, kept: boolean, times?: number): void;
  /** Bytes of blobs that came in, those of cut uploads too. */
  received(): number;
}

interface State {
  content: Map<string, Stored>;
  /** What came of each upload. */
  open: Map<string, Buffer>;
  cut: { bytes: number; kept: boolean; times: number };
  received: number;
}

/** The writing half of a registry: uploads in one piece or in chunks, mounts, manifests. */
export function fakeUploads(content: Map<string, Stored>): FakeUploads {
  const state: State = { content, open: new Map(), cut: { bytes: 0, kept: true, times: 0 }, received: 0 };
  return {
    serve: (request, response) => {
      const url = new URL(request.url ?? '', 'http://fake');
      const ignore = (): void => undefined; // of a connection that was cut
      if (url.pathname.includes('/blobs/uploads/')) {
        if (request.method === 'POST') begin(state, url, response);
        else go(state, url, request, response).catch(ignore);
        return true;
      }
      if (request.method !== 'PUT') return false;
      manifest(state, url.pathname, request, response).catch(ignore);
      return true;
    },
    cut: (bytes, kept, times = 1) => void (state.cut = { bytes, kept, times }),
    received: () => state.received,
  };
}

/** What came of the body; undefined when the connection was cut on purpose. */
async function bodyOf(state: State, request: IncomingMessage, id: string): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    state.received += chunk.length;
    const { cut, open } = state;
    if (cut.times === 0 || size < cut.bytes) continue;
    cut.times--;
    if (cut.kept) open.set(id, Buffer.concat([open.get(id) ?? Buffer.alloc(0), ...chunks]));
    else open.delete(id);
    request.socket.destroy();
    return undefined;
  }
  return Buffer.concat(chunks);
}

function begin({ content, open }: State, { pathname, searchParams }: URL, response: ServerResponse): void {
  const [, repository = ''] = /^\/v2\/(.+)\/blobs\/uploads\/$/.exec(pathname) ?? [];
  const [mount, from] = [searchParams.get('mount'), searchParams.get('from')];
  const there = content.get(`/v2/${from ?? ''}/blobs/${mount ?? ''}`);
  if (there !== undefined) {
    content.set(`/v2/${repository}/blobs/${mount ?? ''}`, there);
    return void response.writeHead(201, { Location: `/v2/${repository}/blobs/${mount ?? ''}` }).end();
  }
  const id = randomBytes(6).toString('hex');
  open.set(id, Buffer.alloc(0));
  response.writeHead(202, { Location: `/v2/${repository}/blobs/uploads/${id}?_state=secret`, Range: '0-0' }).end();
}

async function go(state: State, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, repository = '', id = ''] = /^\/v2\/(.+)\/blobs\/uploads\/(\w+)$/.exec(url.pathname) ?? [];
  const { content, open } = state;
  const known = open.get(id);
  const place = (): Record<string, string> => ({
    Location: `/v2/${repository}/blobs/uploads/${id}?_state=next`,
    Range: `0-${Math.max((open.get(id)?.length ?? 0) - 1, 0)}`,
  });
  if (known === undefined) return void response.writeHead(404).end();
  if (request.method === 'GET') return void response.writeHead(204, place()).end();
  const start = /^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1];
  if (start !== undefined && Number(start) !== known.length) return void response.writeHead(416, place()).end();
  const body = await bodyOf(state, request, id);
  if (body === undefined) return;
  const all = Buffer.concat([known, body]);
  open.set(id, all);
  if (request.method === 'PATCH') return void response.writeHead(202, place()).end();
  const digest = url.searchParams.get('digest') ?? '';
  if (digestOf(all) !== digest) return void response.writeHead(400).end('{"errors":[{"code":"DIGEST_INVALID"}]}');
  open.delete(id);
  content.set(`/v2/${repository}/blobs/${digest}`, { bytes: all, mediaType: 'application/octet-stream' });
  response.writeHead(201, { 'Docker-Content-Digest': digest }).end();
}

async function manifest(
  { content }: State,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const repository = path.replace(/\/manifests\/.*$/, '');
  const { config, layers, manifests } = JSON.parse(bytes.toString()) as {
    config?: { digest: string };
    layers?: { digest: string }[];
    manifests?: { digest: string }[];
  };
  const blobs = [...(config === undefined ? [] : [config]), ...(layers ?? [])];
  const needed = [
    ...blobs.map(({ digest }) => ['blobs', digest] as const),
    ...(manifests ?? []).map(({ digest }) => ['manifests', digest] as const),
  ];
  const lost = needed.find(([kind, digest]) => isDigest(digest) && !content.has(`${repository}/${kind}/${digest}`));
  if (lost !== undefined) return void response.writeHead(400).end('{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}');
  const mediaType = request.headers['content-type'] ?? OCI_MANIFEST;
  for (const name of [path, `${repository}/manifests/${digestOf(bytes)}`]) content.set(name, { bytes, mediaType });
  response.writeHead(201, { 'Docker-Content-Digest': digestOf(bytes) }).end();
}
