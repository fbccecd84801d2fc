/** Why a run waits; the same names as the GraphQL enum `QueueReason`. READY: a dispatcher may claim it now. */
export type WaitReason =
  | 'READY'
  | 'AGENT_AT_CAPACITY'
  | 'AGENT_DISABLED'
  | 'OPENCLAW_AT_CAPACITY'
  | 'OPENCLAW_UNAVAILABLE'
  | 'TASK_BLOCKED'
  | 'BACKOFF';

/**
 * The one statement of why runs wait, as common table expressions for a query that begins with it. Its first parameter
 * is the most runs in one target at a time.
 *
 * - `held`: the runs that hold a slot, with the target in which each of them is;
 * - `waiting`: the QUEUED runs, each with the first `reason` that applies. A run may be claimed when it is READY; then
 *   `is_agent_ready` is true too. A query for READY runs that asks for both does not read the runs of other agents.
 */
export const WAITING_RUNS = `
  with held as (
    select run.agent_id, run.project_id, attempt.target from agents.agent_run as run
    join agents.run_attempt as attempt on attempt.run_id = run.id and attempt.number = run.attempt
    where run.slot is not null
  ), agent_state as materialized (
    select agent.id,
      case
        when not agent.is_enabled then 'AGENT_DISABLED'
        when target.is_reachable and coalesce(target.paused_until <= now(), true) then null
        else 'OPENCLAW_UNAVAILABLE'
      end as unavailable,
      case
        when (select count(*) from held where held.agent_id = agent.id) >= agent.max_concurrent
          then 'AGENT_AT_CAPACITY'
        when (select count(*) from held where held.target = agent.target) >= ? then 'OPENCLAW_AT_CAPACITY'
      end as at_capacity
    from agents.agent as agent
    left join agents.openclaw_target as target on target.name = agent.target
  ), waiting as (
    select run.id, run.agent_id, run.project_id, run.priority, run.queued_at,
      agent.unavailable is null and agent.at_capacity is null as is_agent_ready,
      coalesce(
        agent.unavailable,
        case
          when not run.ignore_blockers and task.open_blocker_refs <> '[]' then 'TASK_BLOCKED'
          when run.next_hand_over_at > now() then 'BACKOFF'
        end,
        agent.at_capacity,
        'READY'
      ) as reason
    from agents.agent_run as run
    join agent_state as agent on agent.id = run.agent_id
    join agents.known_task as task on task.id = run.task_id
    where run.state = 'QUEUED'
  )`;
