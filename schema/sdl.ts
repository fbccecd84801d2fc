import { readFileSync } from 'node:fs';
import { concatAST, type DocumentNode, parse } from 'graphql';

/** The rooms that make up the supergraph, with the port each listens on by default. */
export const ROOM_PORTS = { projects: 8001, tasks: 8002, agents: 8003, chat: 8004 } as const;
export type Room = keyof typeof ROOM_PORTS;
export const ROOMS = Object.keys(ROOM_PORTS) as readonly Room[];

const read = (name: string) => parse(readFileSync(new URL(`./${name}.graphql`, import.meta.url), 'utf8'));

/** What a room implements: the types common to all rooms and its own. */
export const roomSdl = (room: Room): DocumentNode => concatAST([read('common'), read(room)]);
