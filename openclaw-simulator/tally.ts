/** One POST /hooks/agent that carried the right token. */
export interface Post {
  at: number;
  idempotencyKey: string | null;
  /** The body as it came. */
  body: string;
}

export type Tally = ReturnType<typeof createTally>;

const POSTS_KEPT = 200;

/** What was counted since the start; a restart of the gateway does not forget it. */
export function createTally() {
  const posts: Post[] = [];
  const runsStarted: Record<string, number> = {};
  return {
    /** The latest posts, oldest first. */
    posts,
    postsReceived: 0,
    /** Requests to /hooks with a wrong token or none. */
    badTokens: 0,
    /** Runs that really began, by full session key: what a model would have been paid for. */
    runsStarted,
    runsEndedOk: 0,
    runsEndedInError: 0,
    modelCalls: 0,
    concurrentMax: 0,
    callbackAttempts: 0,
    callbacksDelivered: 0,
    addPost(post: Post): void {
      this.postsReceived++;
      posts.push(post);
      if (posts.length > POSTS_KEPT) posts.shift();
    },
    addRun(sessionKey: string): void {
      runsStarted[sessionKey] = (runsStarted[sessionKey] ?? 0) + 1;
    },
  };
}
