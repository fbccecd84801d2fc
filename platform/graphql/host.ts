import { BlockList, isIP, isIPv6 } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether a host name or address always means this machine. Accepts what clients make of one: `LOCALHOST.`, `[::1]`. */
export function isLoopback(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^\[(.*)\]$/, '$1');
  const family = isIP(name);
  return name === 'localhost' || (family !== 0 && LOOPBACK.check(name, family === 6 ? 'ipv6' : 'ipv4'));
}

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{0,5})?$/i;

/** Reads the name of a `Host` header, without the port. Returns null for a header that is malformed. */
export function readHostName(header: string): string | null {
  const name = HOST.exec(header)?.[1];
  if (!name || !URL.canParse(`http://${header}`)) return null;
  if (name.startsWith('[') && !isIPv6(name.slice(1, -1))) return null;
  return name;
}
