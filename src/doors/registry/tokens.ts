import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Who somebody is: a user, or anybody. */
export interface Bearer {
  user: string | undefined;
}

/** Signed words of this process: they say who asked for them, and until when that is believed. */
export interface Tokens {
  issue(bearer: Bearer): { token: string; access_token: string; expires_in: number; issued_at: string };
  /** Undefined for what is not ours, or no more. */
  read(token: string): Bearer | undefined;
}

const LIFE_S = 3600;

export function openTokens(now: () => number = Date.now): Tokens {
  const key = randomBytes(32);
  const sign = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  return {
    issue: (bearer) => {
      const text = Buffer.from(JSON.stringify({ ...bearer, until: now() + LIFE_S * 1000 })).toString('base64url');
      const token = `${text}.${sign(text).toString('base64url')}`;
      return { token, access_token: token, expires_in: LIFE_S, issued_at: new Date(now()).toISOString() };
    },
    read: (token) => {
      const [text = '', signature = ''] = token.split('.');
      const [given, own] = [Buffer.from(signature, 'base64url'), sign(text)];
      if (given.length !== own.length || !timingSafeEqual(given, own)) return undefined;
      const { user, until } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Bearer & { until: number };
      return until > now() ? { user } : undefined;
    },
  };
}
