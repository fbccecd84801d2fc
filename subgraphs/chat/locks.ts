/**
 * The order in which transactions lock rows.
 *
 * A message is counted under the lock of its channel, and edited or deleted under its own. No operation needs both;
 * one that did would lock the channel first.
 */
export const LOCKS = ['Channel', 'Message'] as const;
