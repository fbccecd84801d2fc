import { v7 as uuidv7 } from 'uuid';
import { on, type Reaction } from '../../platform/event-log/consumer.ts';
import { ChannelLeft, channelStream } from '../../schema/events/chat.ts';
import { MemberChanged, ProjectChanged } from '../../schema/events/projects.ts';
import { Channel, GENERAL, nameKeyOf } from './entities/channel.ts';

export const consumers: readonly Reaction[] = [
  // Every change of a project repeats the event; the unique name makes all but the first change nothing.
  on(ProjectChanged, async ({ em }, { projectId }) => {
    await em.execute(
      `insert into chat.channel (id, project_id, name, name_key, created_at) values (?, ?, ?, ?, now())
       on conflict do nothing`,
      [uuidv7(), projectId, GENERAL, nameKeyOf(GENERAL)],
    );
  }),
  // A repeat makes followers' rights be looked up once more.
  on(MemberChanged, async (tx, { projectId, userId, role }) => {
    if (role !== null) return;
    for (const { id: channelId } of await tx.em.find(Channel, { projectId })) {
      const payload = { channelId, projectId, userId };
      tx.publish(ChannelLeft, { stream: channelStream(channelId), subject: userId, payload });
    }
  }),
];
