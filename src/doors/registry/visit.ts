import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Hosting, HostingChanges } from '#engine/hosting/hosting.ts';
import { refusal } from '#engine/hosting/hosting.ts';

/** One request under way, as the handlers of routes see it. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly hosting: Hosting;
  /** What the route's pattern found in the path, decoded. */
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  /** Longest time without a byte, in milliseconds. */
  readonly idleMs: number;
}

export type Handler = (visit: Visit) => Promise<void> | void;

/** Throws UNSUPPORTED where nothing can be changed. */
export function changesOf({ hosting }: Visit): HostingChanges {
  if (hosting.changes !== undefined) return hosting.changes;
  throw refusal('UNSUPPORTED', 'this registry is read only');
}

export type Headers = Readonly<Record<string, string | number | readonly string[]>>;

export function answer({ response }: Pick<Visit, 'response'>, status: number, headers: Headers = {}): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string | number | string[]);
  response.statusCode = status;
}

/** All of an answer; a HEAD gets its length without it. */
export function answerWhole(visit: Visit, status: number, headers: Headers, body: string | Buffer): void {
  answer(visit, status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  visit.response.end(visit.request.method === 'HEAD' ? undefined : body);
}

export function answerJson(visit: Visit, status: number, value: unknown, headers: Headers = {}): void {
  answerWhole(visit, status, { 'Content-Type': 'application/json', ...headers }, JSON.stringify(value));
}

export function answerEmpty(visit: Visit, status: number, headers: Headers = {}): void {
  answer(visit, status, status === 204 || status === 304 ? headers : { ...headers, 'Content-Length': 0 });
  visit.response.end();
}
