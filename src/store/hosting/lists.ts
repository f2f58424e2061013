import type { HostingParts } from './parts.ts';
import type { Page } from './port.ts';
import { refusal } from './refusal.ts';

/** Repositories that have a manifest. */
export function listRepositories({ database }: HostingParts, { limit, after = '' }: Page): string[] {
  return database
    .all<{ repository: string }>(
      'SELECT DISTINCT repository FROM manifest WHERE repository > ? ORDER BY repository LIMIT ?',
      after,
      limit,
    )
    .map(({ repository }) => repository);
}

export function listTags({ database }: HostingParts, repository: string, { limit, after = '' }: Page): string[] {
  const tags = database.all<{ name: string }>(
    'SELECT name FROM tag WHERE repository = ? AND name > ? ORDER BY name LIMIT ?',
    repository,
    after,
    limit,
  );
  const known =
    'SELECT 1 WHERE EXISTS (SELECT 1 FROM manifest WHERE repository = ?1) OR EXISTS (SELECT 1 FROM repository_blob WHERE repository = ?1)';
  if (tags.length === 0 && database.get(known, repository) === undefined) throw unknownName();
  return tags.map(({ name }) => name);
}

export const unknownName = () => refusal('NAME_UNKNOWN', 'there is no such repository');
