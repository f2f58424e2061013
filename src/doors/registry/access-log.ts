import type { LogFormat } from '#engine/hosting/serving.ts';

export interface Access {
  time: Date;
  client: string;
  user: string | undefined;
  method: string;
  target: string;
  status: number;
  /** Bytes of the request's and of the answer's content, as far as they are known. */
  received: number;
  sent: number;
  milliseconds: number;
  agent: string;
}

/** One line of the access log. Whatever a client sends stays on that line. */
export function accessLine(access: Access, format: LogFormat): string {
  const { time, client, user, method, target, status, received, sent, milliseconds, agent } = access;
  const at = time.toISOString();
  if (format === 'json') {
    return JSON.stringify({ time: at, client, user, method, target, status, received, sent, milliseconds, agent });
  }
  const who = `${client} ${plain(user ?? '-')}`;
  return `${at} ${who} "${plain(method)} ${plain(target)}" ${status} ${received} ${sent} ${milliseconds}ms "${plain(agent)}"`;
}

const LONGEST = 500;
const plain = (text: string): string => text.slice(0, LONGEST).replaceAll(/[^\x21\x23-\x5b\x5d-\x7e ]/g, '?');
