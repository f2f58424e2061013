/** Requests to netfilter (linux/netfilter/nfnetlink.h, nf_tables.h). */
import { text, type NetlinkRequest } from './message.ts';

const SUBSYSTEM = 10;
const GET_TABLE = 1;
const NFPROTO_INET = 1;
const TABLE_NAME = 1;

/** ENOENT when nf_tables has no such table of the family inet. */
export const findTable = (name: string): NetlinkRequest => ({
  name: `find table ${name}`,
  to: 'netfilter',
  type: (SUBSYSTEM << 8) | GET_TABLE,
  flags: 0,
  head: Uint8Array.of(NFPROTO_INET, 0, 0, 0), // struct nfgenmsg
  attributes: [text(TABLE_NAME, name)],
});
