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
  /** Whether the agent itself said it; if not, it may quote the prompt. */
  isOfAgent: boolean;
}

/** A part of a conversation, first to last. */
export interface TranscriptPage {
  messages: TranscriptMessage[];
  /** The position before which the earlier messages are; null at the beginning of the conversation. */
  earlier: string | null;
}

/** Whether a text can be a position in a transcript: OpenClaw counts the rows of a session from 1. */
export const isPosition = (text: string): boolean =>
  /^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text));

/** Makes a page of a transcript of a page of OpenClaw's history. */
export const readTranscript = ({ messages, nextCursor }: History): TranscriptPage => ({
  messages: messages.map((row) => ({
    role: row.role,
    ...readText(textOf(row) || row.errorMessage || ''),
    model: [row.provider, row.model].filter(Boolean).join('/') || null,
    saidAt: row.timestamp == null ? null : new Date(row.timestamp),
    isOfAgent: row.role === 'assistant' && textOf(row) !== '',
  })),
  earlier: nextCursor ?? null,
});
