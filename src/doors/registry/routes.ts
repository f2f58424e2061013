import { refusal } from '#engine/hosting/hosting.ts';
import { deleteBlob, getBlob, headBlob } from './blobs.ts';
import { base, listReferrers, listRepositories, listTags } from './lists.ts';
import { deleteManifest, getManifest, putManifest } from './manifests.ts';
import { appendChunk, cancelUpload, finishUpload, startUpload, uploadStatus } from './uploads.ts';
import type { Handler } from './visit.ts';

interface Route {
  path: RegExp;
  methods: Readonly<Record<string, Handler>>;
}

/** The endpoints of the distribution specification, and the older `_catalog`. The first that fits counts. */
const ROUTES: readonly Route[] = [
  { path: /^\/v2\/?$/, methods: { GET: base, HEAD: base } },
  { path: /^\/v2\/_catalog$/, methods: { GET: listRepositories, HEAD: listRepositories } },
  { path: /^\/v2\/(.+)\/blobs\/uploads\/?$/, methods: { POST: startUpload } },
  {
    path: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    methods: { PATCH: appendChunk, PUT: finishUpload, GET: uploadStatus, HEAD: uploadStatus, DELETE: cancelUpload },
  },
  { path: /^\/v2\/(.+)\/blobs\/([^/]+)$/, methods: { GET: getBlob, HEAD: headBlob, DELETE: deleteBlob } },
  {
    path: /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    methods: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  },
  { path: /^\/v2\/(.+)\/tags\/list$/, methods: { GET: listTags, HEAD: listTags } },
  { path: /^\/v2\/(.+)\/referrers\/([^/]+)$/, methods: { GET: listReferrers, HEAD: listReferrers } },
];

/** The path as it was sent: nothing in it is resolved, so `..` is never more than a wrong name. */
export function findRoute(method: string, path: string): { handler: Handler; params: string[] } {
  for (const route of ROUTES) {
    const found = route.path.exec(path);
    if (found === null) continue;
    const handler = Object.hasOwn(route.methods, method) ? route.methods[method] : undefined;
    if (handler !== undefined) return { handler, params: found.slice(1) };
    throw refusal('UNSUPPORTED', `this is not for ${/^[A-Z]{1,10}$/.test(method) ? method : 'that method'}`);
  }
  throw refusal('NAME_UNKNOWN', 'there is nothing of this path');
}

export function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  try {
    return { path: decodeURIComponent(path), query: new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1)) };
  } catch {
    throw refusal('NAME_INVALID', 'the path cannot be decoded');
  }
}
