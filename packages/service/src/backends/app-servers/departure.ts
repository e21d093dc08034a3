import { setTimeout as sleep } from "node:timers/promises";
import {
  FlowControlOperation,
  FlowControlSubject,
  MigrationLevel,
  ServiceHeader,
  type ServiceMessage,
  ServiceMessageType,
} from "@signalbox/protocol";
import type { Route } from "./route.ts";
import { closeMessage } from "./route.ts";
import type { ServerConnection } from "./server-connection.ts";

/** Milliseconds; a server that hangs must not hold its clients for long. */
const readingTimeout = 2_000;
const answeringTimeout = 3_000;
const pauseTimeout = 2_000;
/** A server that has said nothing for its clients this long has answered what they sent. */
const quiet = 150;
/** How often clients that found no other server are tried again. */
const retryInterval = 1_000;
/** Clients moved in one turn of the event loop. */
const slice = 250;

/** Where a client may go. */
export interface Destinations {
  /** A connection of another server. */
  elsewhere(route: Route): ServerConnection | undefined;
  /** Another connection of the same server. */
  beside(connection: ServerConnection): ServerConnection | undefined;
  moved(): void;
}

/**
 * A server connection gives its clients away (reference hub-and-service-protocol §4.10). Nothing is lost and nothing doubled: a client is
 * not read while it moves, and moves when its server has read and answered what it had sent.
 *
 *     pause client ─▶ server has read all (echo) ─▶ has fallen silent ─┬─▶ other server: Close(migrate to), Open(migrate from) ─▶ resume client
 *                                                                      └─▶ same server: Pause ─▶ PauseAck ─▶ Resume elsewhere ─▶ resume client
 *
 * To another server only with the server's consent (migration level). Who finds no place stays, and is tried again while the server is there.
 */
export async function depart(server: ServerConnection, destinations: Destinations): Promise<void> {
  while (server.isOpen && server.clients.size > 0) {
    const movable = [...server.clients].filter(
      (route) => route.isAnswered && !route.isMoving && destinationOf(route, destinations),
    );
    if (movable.length > 0) await move(server, movable, destinations);
    else await sleep(retryInterval, undefined, { ref: false });
  }
}

function destinationOf(route: Route, destinations: Destinations): ServerConnection | undefined {
  const beside = route.server.isModern ? destinations.beside(route.server) : undefined;
  if (beside !== undefined) return beside;
  return route.server.migrationLevel >= MigrationLevel.ShutdownOnly ? destinations.elsewhere(route) : undefined;
}

async function move(server: ServerConnection, routes: readonly Route[], destinations: Destinations): Promise<void> {
  for (const route of routes) {
    route.isMoving = true;
    route.connection.pause();
  }
  try {
    await server.caughtUp(readingTimeout);
    await fallenSilent(server);
    const resuming: Promise<void>[] = [];
    for (const [index, route] of routes.entries()) {
      if (index > 0 && index % slice === 0) await new Promise(setImmediate);
      const destination = isStillHere(route, server) ? destinationOf(route, destinations) : undefined;
      if (destination === undefined) continue;
      if (destination.identity.serverId === server.identity.serverId) resuming.push(moveBeside(route, destination));
      else moveElsewhere(route, destination);
      destinations.moved();
    }
    await Promise.all(resuming);
  } finally {
    for (const route of routes) {
      route.isMoving = false;
      route.connection.resume();
    }
  }
}

async function fallenSilent(server: ServerConnection): Promise<void> {
  const deadline = performance.now() + answeringTimeout;
  while (server.isOpen) {
    const now = performance.now();
    const left = Math.min(server.dataAt + quiet, deadline) - now;
    if (left <= 0) return;
    await sleep(left);
  }
}

/** Hands a client to another server, which takes it as one that is connected already. */
export function moveElsewhere(route: Route, destination: ServerConnection): void {
  const { server } = route;
  route.detach();
  server.send(closeMessage(route.id, undefined, [ServiceHeader.migrateTo, destination.identity.serverId]));
  route.previous = server;
  route.attach(destination, [[ServiceHeader.migrateFrom, server.identity.serverId]]);
}

/** Another connection of the server takes over: it says Resume, and the server goes on there. */
async function moveBeside(route: Route, destination: ServerConnection): Promise<void> {
  const { server } = route;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, pauseTimeout);
    route.onPauseAck = () => {
      clearTimeout(timer);
      resolve();
    };
    server.send(flowControl(route.id, FlowControlOperation.Pause));
  });
  route.onPauseAck = undefined;
  if (!isStillHere(route, server)) return;
  const next = destination.isOpen ? destination : server;
  route.resumeOn(next);
  next.send(flowControl(route.id, FlowControlOperation.Resume));
}

function isStillHere(route: Route, server: ServerConnection): boolean {
  return server.isOpen && route.server === server && server.clients.has(route);
}

function flowControl(connectionId: string, operation: number): ServiceMessage {
  return {
    type: ServiceMessageType.ConnectionFlowControl,
    connectionId,
    connectionType: FlowControlSubject.Client,
    operation,
  };
}
