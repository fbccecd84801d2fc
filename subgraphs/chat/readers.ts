import { follower, on, projection, type Reader } from '../../platform/event-log/readers.ts';
import { MemberChanged, ProjectChanged } from '../../schema/events/projects.ts';
import { openGeneral } from './operations/channel/steps/open-general.ts';
import { publishDeparture } from './operations/channel/steps/publish-departure.ts';

export const READERS: readonly Reader[] = [
  // At the start: a project that existed before this reader needs its channel too. A repeat changes nothing.
  projection('chat.channels', [on(ProjectChanged, (tx, { projectId }) => openGeneral(tx, projectId))]),
  // Now: subscriptions that were open when a person left have ended. A repeat makes open ones check their rights again.
  follower('chat.departures', [
    on(MemberChanged, async (tx, { projectId, userId, role }) => {
      if (role === null) await publishDeparture(tx, projectId, userId);
    }),
  ]),
];
