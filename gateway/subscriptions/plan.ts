import type { FetchNode, QueryPlan } from '@apollo/query-planner';
import { type DocumentNode, type OperationDefinitionNode, visit } from 'graphql';
import type { GatewayContext } from '../context.ts';
import type { ClientDocument } from '../documents.ts';
import type { Operations, PreparedOperation } from '../operations.ts';
import { readStreamShape, type StreamShape } from './stream-shape.ts';

/** Everything that the text of a subscription determines. Subscriptions with the same text share it. */
export interface SubscriptionPlan {
  readonly prepared: PreparedOperation;
  /** The fetch that the owning subgraph answers with a stream. */
  readonly primary: FetchNode;
  readonly shape: StreamShape;
  /**
   * The variable that says after which event the stream begins, and nothing else. Subscriptions that differ only in it give
   * the same events, once they have caught up.
   */
  readonly afterVariable: string | null;
  /** The plan that is run for each event: the primary fetch, which the event answers, then the other subgraphs. */
  readonly eventPlan: QueryPlan;
  /** The plan fetches from other subgraphs for each event. */
  readonly asksOthers: boolean;
  /** Running the plan changes the object of the event. */
  readonly changesEvent: boolean;
}

/** Creates the planner of subscriptions. A plan is kept as long as that of its operation. */
export function createPlanner(operations: Operations) {
  const plans = new WeakMap<PreparedOperation, SubscriptionPlan>();
  return (
    document: ClientDocument,
    operation: OperationDefinitionNode,
    context: GatewayContext,
  ): SubscriptionPlan => {
    const prepared = operations.prepare(document, operation, context);
    const plan = plans.get(prepared) ?? readPlan(prepared);
    plans.set(prepared, plan);
    return plan;
  };
}

function readPlan(prepared: PreparedOperation): SubscriptionPlan {
  const { node } = prepared.plan;
  if (node?.kind !== 'Subscription') throw new Error('The planner returned no plan for a subscription');
  const { primary, rest } = node;
  const shape = readStreamShape(primary);
  return {
    prepared,
    primary,
    shape,
    afterVariable: isUsedOnce(prepared.rewriting.document, shape.afterVariable) ? shape.afterVariable : null,
    eventPlan: { kind: 'QueryPlan', node: rest ? { kind: 'Sequence', nodes: [primary, rest] } : primary },
    asksOthers: rest !== undefined,
    changesEvent: rest !== undefined || (primary.outputRewrites?.length ?? 0) > 0,
  };
}

/** Whether a variable stands in one place of a document, beside its definition. */
function isUsedOnce(document: DocumentNode, name: string | null): boolean {
  let places = 0;
  visit(document, {
    Variable: (node) => {
      if (node.name.value === name) places += 1;
    },
  });
  return places === 2;
}
