/** One POST /hooks/agent with the correct token. */
export interface Post {
  at: number;
  idempotencyKey: string | null;
  /** The raw body. */
  body: string;
}

export type Counters = ReturnType<typeof createCounters>;

const POSTS_KEPT = 200;

/** Creates the counters of a simulator. A restart of the gateway does not reset them. */
export function createCounters() {
  const posts: Post[] = [];
  const runsStarted: Record<string, number> = {};
  return {
    /** The latest posts, oldest first. */
    posts,
    postsReceived: 0,
    /** Requests to /hooks with a wrong token or without one. */
    badTokens: 0,
    /** Runs that started, by full session key. A real model would charge for each of them. */
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
