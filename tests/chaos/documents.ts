const ERRORS = 'userErrors { code message }';
const RUN = `run { id cursor } ${ERRORS}`;

/** The documents of the workload. Each document has one root field, and each mutation one `$input`. */
export const CREATE_PROJECT = `mutation ($input: ProjectCreateInput!) { projectCreate(input: $input) { project { id } ${ERRORS} } }`;
export const CREATE_AGENT = `mutation ($input: AgentCreateInput!) { agentCreate(input: $input) { agent { id } ${ERRORS} } }`;
export const UPDATE_AGENT = `mutation ($input: AgentUpdateInput!) { agentUpdate(input: $input) { agent { id } ${ERRORS} } }`;
export const CREATE_TASK = `mutation ($input: TaskCreateInput!) { taskCreate(input: $input) { task { id } ${ERRORS} } }`;
export const START_RUN = `mutation ($input: AgentRunStartInput!) { agentRunStart(input: $input) { ${RUN} } }`;
export const CANCEL_RUN = `mutation ($input: AgentRunCancelInput!) { agentRunCancel(input: $input) { ${RUN} } }`;
export const RETRY_RUN = `mutation ($input: AgentRunRetryInput!) { agentRunRetry(input: $input) { ${RUN} } }`;
export const ANSWER = `mutation ($input: AgentRunAnswerInput!) { agentRunAnswer(input: $input) { ${RUN} } }`;

export const LIST_RUNS = `query {
  agents(first: 50) { nodes {
    unfinished: runs(first: 50, states: [QUEUED, DISPATCHING, RUNNING, INPUT_REQUIRED, CANCELING]) {
      nodes { id state question { id answer } } }
    ended: runs(first: 5, states: [FAILED, TIMED_OUT, CANCELED]) { nodes { id } } } } }`;
export const TASK_OF_RUN =
  'query ($id: ID!) { agentRun(id: $id) { state task { category comments(first: 5) { nodes { id } } } } }';

/** The subscriptions of the followers. They select fields of several subgraphs. */
export const FOLLOW_BOARD = `subscription ($id: ID!, $after: EventCursor) {
  boardEvents(projectId: $id, after: $after) { __typename cursor
    ... on TaskChanged { task { ref title delegate { name } activeRun { state } } }
    ... on CommentAdded { comment { author { displayName } } } } }`;
export const FOLLOW_AGENTS = `subscription ($id: ID!, $after: EventCursor) {
  agentStatusEvents(projectId: $id, after: $after) { __typename cursor
    ... on AgentStatusChanged { agent { name status currentTasks } } } }`;
export const FOLLOW_RUN = `subscription ($id: ID!, $after: EventCursor) {
  agentRunEvents(runId: $id, after: $after) { __typename cursor
    ... on AgentRunChanged { run { state task { title } } } } }`;
