import { createServer as createPlain, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Fault } from '#base/fault.ts';
import type { Hosting } from '#engine/hosting/hosting.ts';
import type { Serving } from '#engine/hosting/serving.ts';
import { TOKEN_PATH, type Gate } from './access.ts';
import type { Access } from './access-log.ts';
import { formatAddress, removeDeadSocket, type Address } from './address.ts';
import { lengthOf } from './body.ts';
import { failureOf } from './failure.ts';
import { findRoute, splitTarget } from './routes.ts';
import { answerJson, type Visit } from './visit.ts';

export interface ServerSettings {
  hosting: Hosting;
  address: Address;
  gate: Gate;
  tls?: { certificate: Buffer; key: Buffer };
  /** Longest time without a byte, in milliseconds. */
  idleMs?: number;
  onAccess?: (access: Access) => void;
  /** Failures that are ours, with what clients are not told. */
  onFailure?: (error: unknown) => void;
}

const HEADERS_MS = 15_000;
const IDLE_MS = 60_000;
const LARGEST_HEADERS = 16 * 1024;
const MOST_CONNECTIONS = 1000;
const CLOSE_EVERY_MS = 50;

/** Throws `conflict` or `denied` when the address cannot be had. */
export async function startServer(settings: ServerSettings): Promise<Serving> {
  const { address, tls } = settings;
  const limits = {
    maxHeaderSize: LARGEST_HEADERS,
    headersTimeout: HEADERS_MS,
    // A body may take hours, as long as it comes: idleMs sees to that.
    requestTimeout: 0,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: 2000,
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void serve(settings, request, response);
  const server: Server =
    tls === undefined
      ? createPlain(limits, listener)
      : createSecure({ ...limits, cert: tls.certificate, key: tls.key }, listener);
  server.maxConnections = MOST_CONNECTIONS;
  server.on('clientError', refuse);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  if ('path' in address) await removeDeadSocket(address.path);
  await listen(server, address);
  const bound = server.address() as AddressInfo | string | null;
  const actual =
    'path' in address || bound === null || typeof bound === 'string' ? address : { ...address, port: bound.port };
  return { url: formatAddress(actual, tls !== undefined), stop: (graceMs) => stop(server, sockets, graceMs) };
}

const LISTEN_FAULTS: Readonly<Record<string, 'conflict' | 'denied' | 'invalid'>> = {
  EADDRINUSE: 'conflict',
  EACCES: 'denied',
  EADDRNOTAVAIL: 'invalid',
  ENOTFOUND: 'invalid',
};

async function listen(server: Server, address: Address): Promise<void> {
  const shown = formatAddress(address, false).replace(/^http:\/\//, '');
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new Fault(LISTEN_FAULTS[cause.code ?? ''] ?? 'unavailable', `listen on ${shown}`, { cause, field: '--listen' }),
      ),
    );
    server.listen(address, resolve);
  });
}

async function stop(server: Server, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // A connection is idle when its request has been answered, which nobody tells.
  const idle = setInterval(() => server.closeIdleConnections(), CLOSE_EVERY_MS);
  const timer = setTimeout(() => sockets.forEach((socket) => socket.destroy()), graceMs);
  await closed;
  clearInterval(idle);
  clearTimeout(timer);
}

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What is no request at all. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  socket.end(
    `HTTP/1.1 ${CLIENT_ERRORS[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}

async function serve(settings: ServerSettings, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { hosting, gate, idleMs = IDLE_MS } = settings;
  const began = new Date();
  const found: { user?: string | undefined } = {};
  response.once('close', () => settings.onAccess?.(accessOf(request, response, began, found.user)));
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  const visit = (params: string[], query: URLSearchParams): Visit => ({
    request,
    response,
    hosting,
    params,
    query,
    idleMs,
  });
  try {
    const { path, query } = splitTarget(request.url ?? '');
    if (path === TOKEN_PATH && request.method === 'GET' && gate.token !== undefined) {
      answerJson(visit([], query), 200, await gate.token(request), { 'Cache-Control': 'no-store' });
    } else {
      found.user = await gate.admit(request, path);
      const { handler, params } = findRoute(request.method ?? '', path);
      await handler(visit(params, query));
    }
  } catch (error) {
    fail(visit([], new URLSearchParams()), error, settings);
  }
  if (!request.complete) leave(request);
}

function fail(visit: Visit, error: unknown, { gate, onFailure }: ServerSettings): void {
  const { request, response } = visit;
  const { status, code, message } = failureOf(error);
  // A client that has gone is no failure of ours.
  if (status >= 500 && !request.destroyed) onFailure?.(error);
  if (response.headersSent || response.destroyed) return void response.destroy();
  const path = (request.url ?? '').replace(/\?.*$/, '');
  const challenge = status === 401 ? { 'WWW-Authenticate': gate.challenge(request, path) } : {};
  // What is still to come of a request that is refused is not read.
  const close = request.complete ? {} : { Connection: 'close' };
  answerJson(visit, status, { errors: [{ code, message, detail: {} }] }, { ...challenge, ...close });
}

const LEAVE_MS = 1000;

/** Some clients see an answer only when they have sent all; they get a moment. */
function leave(request: IncomingMessage): void {
  request.resume();
  setTimeout(() => request.complete || request.destroy(), LEAVE_MS).unref();
}

/** In the log only, as other servers have it: nobody was there for the end of the answer. */
const CLIENT_GONE = 499;

function accessOf(request: IncomingMessage, response: ServerResponse, began: Date, user: string | undefined): Access {
  return {
    time: began,
    client: request.socket.remoteAddress ?? '-',
    user,
    method: request.method ?? '',
    target: request.url ?? '',
    status: response.writableFinished ? response.statusCode : CLIENT_GONE,
    received: lengthOf(request) ?? 0,
    sent: Number(response.getHeader('content-length') ?? 0),
    milliseconds: Date.now() - began.getTime(),
    agent: request.headers['user-agent'] ?? '-',
  };
}
