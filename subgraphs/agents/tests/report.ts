import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

export interface ReportOptions {
  /** The id of the message. */
  id?: string;
  secret: string;
  /** How long ago the report was signed. */
  agoSeconds?: number;
}

/** Posts a report as the plugin in OpenClaw would. What is not given tells of a success. */
export async function postReport(
  url: string,
  report: Record<string, unknown>,
  { id = randomUUID(), secret, agoSeconds = 0 }: ReportOptions,
) {
  const at = new Date(Date.now() - agoSeconds * 1000);
  const body = JSON.stringify({ success: true, aborted: false, text: 'Done', error: null, ...report });
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    },
    body,
  });
  return {
    status: response.status,
    body: (await response.json()) as { status?: string; error?: string },
  };
}
