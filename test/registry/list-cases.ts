import { expect } from 'bun:test';
import {
  digestOf,
  expectRefusal,
  expectStatus,
  madeImage,
  noise,
  pushBlob,
  pushedImage,
  putManifest,
  type Case,
  type Client,
} from './client.ts';

const TAGS = ['10', '9', 'Beta', 'a', 'alpha', 'latest', 'z.1'];

async function tagged(client: Client): Promise<string> {
  const name = client.name();
  const bytes = await madeImage(client, name);
  for (const tag of TAGS.toReversed()) await expectStatus(await putManifest(client, name, tag, bytes), 201);
  return name;
}

interface Listed {
  name: string;
  tags: string[] | null;
}

async function list(client: Client, path: string): Promise<{ name: string; tags: string[]; next: string | undefined }> {
  const response = await expectStatus(await client.call(path), 200);
  const { name, tags } = (await response.json()) as Listed;
  const [, target] = /^<([^>]+)>; ?rel="next"$/.exec(response.headers.get('link') ?? '') ?? [];
  return { name, tags: tags ?? [], next: target === undefined ? undefined : new URL(target, client.url).href };
}

/** Distribution-spec, "Listing Tags". */
export const LIST_CASES: readonly Case[] = [
  {
    title: 'all tags, in order, under the name of the repository',
    run: async (client) => {
      const name = await tagged(client);
      expect(await list(client, `${name}/tags/list`)).toEqual({ name, tags: TAGS, next: undefined });
    },
  },
  {
    title: 'n tags, and the rest after the last one',
    run: async (client) => {
      const name = await tagged(client);
      const { tags } = await list(client, `${name}/tags/list?n=3`);
      expect(tags).toEqual(TAGS.slice(0, 3));
      const rest = await list(client, `${name}/tags/list?n=100&last=${tags.at(-1)}`);
      expect(rest.tags).toEqual(TAGS.slice(3));
      expect((await list(client, `${name}/tags/list?last=${TAGS[4]}`)).tags).toEqual(TAGS.slice(5));
    },
  },
  {
    title: 'a page leads to the next one by Link, and the last one to none',
    run: async (client) => {
      const name = await tagged(client);
      const found: string[] = [];
      let next: string | undefined = `${name}/tags/list?n=2`;
      for (let pages = 0; next !== undefined && pages < 10; pages++) {
        const page = await list(client, next);
        expect(page.tags.length).toBeLessThanOrEqual(2);
        found.push(...page.tags);
        next = page.next;
      }
      expect(found).toEqual(TAGS);
      expect(next).toBeUndefined();
      expect((await list(client, `${name}/tags/list?n=${TAGS.length}`)).next).toBeUndefined();
    },
  },
  {
    title: 'n=0 is an empty list without a Link',
    run: async (client) => {
      const name = await tagged(client);
      expect(await list(client, `${name}/tags/list?n=0`)).toEqual({ name, tags: [], next: undefined });
    },
  },
  {
    title: '`last` may be what is no tag here',
    run: async (client) => {
      const name = await tagged(client);
      expect((await list(client, `${name}/tags/list?last=b`)).tags).toEqual(['latest', 'z.1']);
    },
  },
  {
    title: 'a repository that is not there is 404 NAME_UNKNOWN',
    run: async (client) => {
      await expectRefusal(await client.call(`${client.name()}/tags/list`), 404, 'NAME_UNKNOWN');
    },
  },
  {
    title: 'a repository without tags has an empty list',
    run: async (client) => {
      const name = client.name();
      const bytes = await madeImage(client, name);
      await expectStatus(await putManifest(client, name, digestOf(bytes), bytes), 201);
      expect((await list(client, `${name}/tags/list`)).tags).toEqual([]);
    },
  },
  {
    title: '_catalog lists repositories, page by page',
    run: async (client) => {
      const names = [client.name(), client.name(), client.name()].sort();
      for (const name of names) await pushedImage(client, name, 'one');
      const found: string[] = [];
      let next: string | undefined = '_catalog?n=2';
      for (let pages = 0; next !== undefined && pages < 100; pages++) {
        const response: Response = await expectStatus(await client.call(next), 200);
        found.push(...((await response.json()) as { repositories: string[] }).repositories);
        const [, target] = /^<([^>]+)>; ?rel="next"$/.exec(response.headers.get('link') ?? '') ?? [];
        next = target === undefined ? undefined : new URL(target, client.url).href;
      }
      expect(found.filter((name) => names.includes(name))).toEqual(names);
      expect(new Set(found).size).toBe(found.length);
    },
  },
];

/** Distribution-spec, "Content Management". */
export const MANAGEMENT_CASES: readonly Case[] = [
  {
    title: 'a tag is deleted, and its manifest stays',
    run: async (client) => {
      const name = client.name();
      const bytes = await pushedImage(client, name, 'one');
      await expectStatus(await putManifest(client, name, 'two', bytes), 201);
      await expectStatus(await client.call(`${name}/manifests/one`, { method: 'DELETE' }), 202);
      await expectStatus(await client.call(`${name}/manifests/one`), 404);
      expect((await list(client, `${name}/tags/list`)).tags).toEqual(['two']);
      await expectStatus(await client.call(`${name}/manifests/${digestOf(bytes)}`), 200);
    },
  },
  {
    title: 'a manifest is deleted, and every tag of it',
    run: async (client) => {
      const name = client.name();
      const bytes = await pushedImage(client, name, 'one');
      await expectStatus(await putManifest(client, name, 'two', bytes), 201);
      await expectStatus(await client.call(`${name}/manifests/${digestOf(bytes)}`, { method: 'DELETE' }), 202);
      for (const reference of ['one', 'two', digestOf(bytes)]) {
        await expectStatus(await client.call(`${name}/manifests/${reference}`), 404);
      }
    },
  },
  {
    title: 'a blob is deleted, here and nowhere else',
    run: async (client) => {
      const [name, other, bytes] = [client.name(), client.name(), noise()];
      const digest = await pushBlob(client, name, bytes);
      await pushBlob(client, other, bytes);
      await expectStatus(await client.call(`${name}/blobs/${digest}`, { method: 'DELETE' }), 202);
      await expectStatus(await client.call(`${name}/blobs/${digest}`), 404);
      await expectStatus(await client.call(`${name}/blobs/${digest}`, { method: 'HEAD' }), 404);
      await expectStatus(await client.call(`${other}/blobs/${digest}`, { method: 'HEAD' }), 200);
      await pushBlob(client, name, bytes);
      await expectStatus(await client.call(`${name}/blobs/${digest}`), 200);
    },
  },
  {
    title: 'what is not there cannot be deleted (404)',
    run: async (client) => {
      const name = client.name();
      await pushedImage(client, name, 'one');
      for (const path of [`manifests/${digestOf(noise())}`, 'manifests/two', `blobs/${digestOf(noise())}`]) {
        await expectStatus(await client.call(`${name}/${path}`, { method: 'DELETE' }), 404);
        await expectStatus(await client.call(`${client.name()}/${path}`, { method: 'DELETE' }), 404);
      }
    },
  },
  {
    title: 'a method that there is not is 405',
    run: async (client) => {
      const name = client.name();
      await pushedImage(client, name, 'one');
      await expectStatus(await client.call(`${name}/tags/list`, { method: 'DELETE' }), 405);
      await expectStatus(await client.call(`${name}/manifests/one`, { method: 'POST' }), 405);
    },
  },
];
