import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { CloseCode, type Message, MessageType, parseMessage, type SubscribePayload } from 'graphql-ws';
import { resultText } from './result-text.ts';

/** What the protocol needs of a socket. */
export interface Connection {
  /** Resolves once the message has been written to the network, or when the socket has gone. */
  send(message: string): Promise<void>;
  /** Closes the socket. Nothing that arrives afterwards is taken. */
  close(code: number, reason: string): void;
}

/** The answer to an operation: why it is refused, its only result, or its results one after another. */
export type Answer =
  | { readonly errors: readonly GraphQLFormattedError[] }
  | { readonly result: FormattedExecutionResult }
  | { readonly results: AsyncIterableIterator<FormattedExecutionResult> };

export interface ProtocolHooks<Session> {
  /** Signs a connection in. Throws SocketClosing for a connection that is refused. */
  connect(params: Readonly<Record<string, unknown>>): Promise<Session>;
  /** Called once for each session, when its socket has gone. */
  disconnect?(session: Session): void;
  /**
   * Starts an operation. `atWork` is the number of operations of this socket that have not ended, this one included.
   * An answer that is not a promise is left at once when the client completes it in the same moment.
   * Throws SocketClosing when the session is over.
   */
  answer(session: Session, payload: SubscribePayload, atWork: number): Answer | Promise<Answer>;
  /** Formats what `answer` or its results threw. */
  formatFault(fault: unknown, payload: SubscribePayload): GraphQLFormattedError;
}

/** Why a connection is refused, or ends. The socket is closed with the code and the reason. */
export class SocketClosing extends Error {
  readonly code: number;
  constructor(code: number, reason: string) {
    super(reason);
    this.name = 'SocketClosing';
    this.code = code;
  }
}

export interface Conversation {
  /** Takes a message. Resolves when what it asked for has ended. */
  take(message: string): Promise<void>;
  /** Whether the client has sent `connection_init`. */
  readonly isInitialised: boolean;
  /** Leaves all operations. Called as soon as the socket closes; calls after the first have no effect. */
  end(): void;
}

/** Enough for any access token. Larger messages are parsed only for those who have signed in. */
const UNSIGNED_CHARACTERS_MAX = 131_072;

/** An operation is known by this object: a client may use its id again as soon as it has completed it. */
interface Operation {
  readonly id: string;
  readonly payload: SubscribePayload;
  /** The client has completed the operation, or its socket closes: nothing more is sent for it. */
  isOver: boolean;
  results?: AsyncIterableIterator<FormattedExecutionResult>;
}

/**
 * Speaks graphql-transport-ws with one client: https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverWebSocket.md
 *
 * This stands in place of the server of graphql-ws, which knows operations by their ids alone: it drops a new operation
 * when an older one with the same id ends, and answers the new one with results of the older one.
 */
export function converse<Session>(connection: Connection, hooks: ProtocolHooks<Session>): Conversation {
  const operations = new Map<string, Operation>();
  /** Also the operations that the client has completed while their answer was under way. */
  const atWork = new Set<Operation>();
  let signedIn: { readonly session: Session } | null = null;
  let isInitialised = false;
  let isEnded = false;

  const say = async (message: Message) => {
    if (!isEnded) await connection.send(JSON.stringify(message));
  };

  const connect = async (params: Readonly<Record<string, unknown>>) => {
    if (isInitialised)
      return connection.close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
    isInitialised = true;
    try {
      const session = await hooks.connect(params);
      if (isEnded) return hooks.disconnect?.(session);
      signedIn = { session };
    } catch (error) {
      if (error instanceof SocketClosing) return connection.close(error.code, error.message);
      throw error;
    }
    await say({ type: MessageType.ConnectionAck });
  };

  const leave = (operation: Operation) => {
    operation.isOver = true;
    if (operations.get(operation.id) === operation) operations.delete(operation.id);
    if (!operation.results) return;
    atWork.delete(operation);
    operation.results.return?.().catch((fault) => hooks.formatFault(fault, operation.payload));
  };

  /** Frees the id before the client hears of the end, because it may use the id again at once. */
  const finish = async (operation: Operation, message: Message) => {
    if (operation.isOver) return;
    leave(operation);
    atWork.delete(operation);
    await say(message);
  };

  const run = async (session: Session, operation: Operation) => {
    const { id, payload } = operation;
    const fail = (errors: readonly GraphQLFormattedError[]) =>
      finish(operation, { id, type: MessageType.Error, payload: errors });
    try {
      const answering = hooks.answer(session, payload, atWork.size);
      const answer = answering instanceof Promise ? await answering : answering;
      if ('errors' in answer) return await fail(answer.errors);
      if ('results' in answer) {
        operation.results = answer.results;
        if (operation.isOver) return leave(operation); // the client has completed it meanwhile
      }
      for await (const result of 'results' in answer ? answer.results : [answer.result]) {
        if (operation.isOver) break;
        if (!isEnded) await connection.send(nextMessage(id, result));
      }
      await finish(operation, { id, type: MessageType.Complete });
    } catch (fault) {
      if (fault instanceof SocketClosing) connection.close(fault.code, fault.message);
      else await fail([hooks.formatFault(fault, payload)]);
    } finally {
      atWork.delete(operation);
    }
  };

  const subscribe = async (id: string, payload: SubscribePayload) => {
    if (!signedIn) return connection.close(CloseCode.Unauthorized, 'Unauthorized');
    if (operations.has(id))
      return connection.close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`);
    const operation: Operation = { id, payload, isOver: false };
    operations.set(id, operation);
    atWork.add(operation);
    await run(signedIn.session, operation);
  };

  return {
    get isInitialised() {
      return isInitialised;
    },
    async take(text) {
      if (isEnded) return;
      if (!signedIn && text.length > UNSIGNED_CHARACTERS_MAX)
        return connection.close(CloseCode.BadRequest, 'Too large a message before sign-in');
      const message = read(text);
      switch (message?.type) {
        case MessageType.ConnectionInit:
          return connect(message.payload ?? {});
        case MessageType.Ping:
          return say({ type: MessageType.Pong, ...(message.payload && { payload: message.payload }) });
        case MessageType.Pong:
          return;
        case MessageType.Subscribe:
          return subscribe(message.id, message.payload);
        case MessageType.Complete: {
          const operation = operations.get(message.id);
          if (operation) leave(operation);
          return;
        }
        case undefined:
          return connection.close(CloseCode.BadRequest, 'Invalid message received');
        default:
          return connection.close(CloseCode.BadRequest, 'This message is not for a server');
      }
    },
    end() {
      if (isEnded) return;
      isEnded = true;
      for (const operation of [...operations.values()]) leave(operation);
      if (signedIn) hooks.disconnect?.(signedIn.session);
    },
  };
}

const nextMessage = (id: string, result: FormattedExecutionResult): string =>
  `{"id":${JSON.stringify(id)},"type":"${MessageType.Next}","payload":${resultText(result)}}`;

/** Returns null for what is not a message of the protocol. */
function read(text: string): Message | null {
  try {
    return parseMessage(text);
  } catch {
    return null;
  }
}
