import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { projectStream } from '../../../../../schema/events/event.ts';
import { ProjectChanged } from '../../../../../schema/events/projects.ts';
import type { Project } from '../../../entities/project.ts';

/** Publishes a project as it is now. */
export const publishProject = (tx: Transaction, { id, key, name, description }: Project): void =>
  tx.publish(ProjectChanged, {
    stream: projectStream(id),
    subject: id,
    payload: { projectId: id, key, name, description: description ?? null },
  });
