import { readText } from './ending.ts';
import { type History, textOf } from './history.ts';

/** A message of a session. */
export interface TranscriptMessage {
  role: string;
  text: string;
  /** OpenClaw shows only the first 8,000 characters of a text. */
  isTruncated: boolean;
  model: string | null;
  saidAt: Date | null;
}

/** A part of a conversation, first to last. */
export interface TranscriptPage {
  messages: TranscriptMessage[];
  /** The position before which the earlier messages are; null at the beginning of the conversation. */
  earlier: string | null;
}

/** Makes a page of a transcript of a page of OpenClaw's history. */
export const readTranscript = ({ messages, nextCursor }: History): TranscriptPage => ({
  messages: messages.map((row) => ({
    role: row.role,
    ...readText(textOf(row) || row.errorMessage || ''),
    model: [row.provider, row.model].filter(Boolean).join('/') || null,
    saidAt: row.timestamp == null ? null : new Date(row.timestamp),
  })),
  earlier: nextCursor ?? null,
});
