import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { profileOf, User } from '../../entities/user.ts';
import { rememberUser } from './steps/remember-user.ts';

/**
 * Keeps the name and picture of the person who sends a request. Opens a transaction only when they have changed.
 * A request by an agent changes nothing: it carries the name that its person had when the run began.
 */
export async function rememberViewer({ actor, em, transact }: RequestContext): Promise<void> {
  if (actor.kind !== 'person') return;
  const { displayName, avatarUrl } = profileOf(actor);
  const known = await em.count(User, { id: actor.id, displayName, avatarUrl });
  if (known === 0) await transact((tx) => rememberUser(tx, actor));
}
