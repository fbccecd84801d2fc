import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from './gateway.ts';
import { bearerToken, isSameToken, send } from './http.ts';
import type { Settings } from './options.ts';
import { fullSessionKey, type Row } from './sessions.ts';

const LIMIT_MAX = 1000;
/** The number of rows without ?limit=. Not measured. */
const LIMIT_DEFAULT = 200;
const CUT_MARK = '\n...(truncated)...';

/** GET /sessions/<key>/history: returns the newest rows of a session, oldest first, each text truncated. */
export function history(gateway: Gateway, request: IncomingMessage, response: ServerResponse, url: URL) {
  const [, encodedKey, action] = url.pathname.match(/^\/sessions\/([^/]+)\/(history|kill)$/) ?? [];
  if (encodedKey === undefined) return send.notFound(response);
  const method = action === 'history' ? 'GET' : 'POST';
  if (request.method !== method) return send.methodNotAllowed(response, method);
  if (!hasGatewayToken(gateway, request)) return unauthorized(response);
  const key = decoded(encodedKey);
  if (key === null) return invalid(response, 'invalid session key');
  if (action === 'kill') return killForbidden(response);

  const limit = positive(url.searchParams.get('limit') ?? String(LIMIT_DEFAULT));
  if (limit === null) return invalid(response, 'limit must be a positive integer');
  const cursor = positive(url.searchParams.get('cursor') ?? String(Number.MAX_SAFE_INTEGER));
  if (cursor === null) return invalid(response, 'cursor must be a positive integer');
  const fullKey = fullSessionKey(gateway.settings.agents[0] ?? 'main', key);
  const session = gateway.sessions.find(fullKey);
  if (!session) return send.typed(response, 404, 'not_found', `Session not found: ${key}`);

  const older = session.rows.filter((row) => row.__openclaw.seq < cursor);
  const items = older.slice(-Math.min(limit, LIMIT_MAX)).map((row) => cut(gateway.settings, row));
  const hasMore = older.length > items.length;
  const nextCursor = hasMore ? { nextCursor: String(items[0]?.__openclaw.seq) } : {};
  send.json(response, 200, { sessionKey: fullKey, items, messages: items, hasMore, ...nextCursor });
}

/** True when the request carries the gateway token. The hooks token is not accepted. */
export const hasGatewayToken = ({ settings }: Gateway, request: IncomingMessage) =>
  isSameToken(bearerToken(request), settings.gatewayToken);

/** Sends the 401 of all paths that need the gateway token. */
export const unauthorized = (response: ServerResponse) =>
  send.json(response, 401, { error: { message: 'Unauthorized', type: 'unauthorized' } });

const invalid = (response: ServerResponse, message: string) =>
  send.json(response, 400, { error: { message, type: 'invalid_request_error' } });

/** Refuses to stop a session over HTTP: this needs a scope that the shared token never has. */
function killForbidden(response: ServerResponse): void {
  const message = 'missing scope: operator.admin';
  const details = {
    code: 'MISSING_SCOPE',
    missingScope: 'operator.admin',
    requiredScopes: ['operator.admin'],
  };
  send.json(response, 403, { ok: false, error: { type: 'forbidden', message, details } });
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

const positive = (text: string) => (/^[1-9]\d{0,15}$/.test(text) ? Number(text) : null);

function cut({ historyTextCharactersMax: max }: Settings, row: Row): Row {
  const texts = typeof row.content === 'string' ? [row.content] : row.content.map((part) => part.text);
  if (!texts.some((text) => text.length > max)) return row;
  const short = (text: string) => (text.length > max ? text.slice(0, max) + CUT_MARK : text);
  const content =
    typeof row.content === 'string'
      ? short(row.content)
      : row.content.map((part) => ({ ...part, text: short(part.text) }));
  return { ...row, content, __openclaw: { ...row.__openclaw, truncated: true, reason: 'display-cap' } };
}
