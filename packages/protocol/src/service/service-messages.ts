import * as authentication from "./authentication-messages.ts";
import * as closing from "./closing-messages.ts";
import * as connection from "./connection-messages.ts";
import * as group from "./group-messages.ts";
import * as invocation from "./invocation-messages.ts";
import type { Codec } from "./layout.ts";
import * as multicast from "./multicast-messages.ts";
import * as question from "./question-messages.ts";
import * as session from "./session-messages.ts";

/** Every message of the service protocol (reference hub-and-service-protocol §4.5). */
export type ServiceMessage =
  | session.ServiceHandshakeRequest
  | session.ServiceHandshakeResponse
  | session.ServicePingMessage
  | session.ServiceErrorMessage
  | session.ServiceEventMessage
  | session.AccessKeyRequestMessage
  | session.AccessKeyResponseMessage
  | connection.OpenConnectionMessage
  | connection.CloseConnectionMessage
  | connection.ConnectionDataMessage
  | connection.ConnectionReconnectMessage
  | connection.ConnectionFlowControlMessage
  | multicast.MultiConnectionDataMessage
  | multicast.UserDataMessage
  | multicast.MultiUserDataMessage
  | multicast.BroadcastDataMessage
  | multicast.GroupBroadcastDataMessage
  | multicast.MultiGroupBroadcastDataMessage
  | group.JoinGroupMessage
  | group.LeaveGroupMessage
  | group.UserJoinGroupMessage
  | group.UserLeaveGroupMessage
  | group.JoinGroupWithAckMessage
  | group.LeaveGroupWithAckMessage
  | group.UserJoinGroupWithAckMessage
  | group.UserLeaveGroupWithAckMessage
  | question.ServiceAckMessage
  | question.CheckUserInGroupMessage
  | question.CheckGroupExistenceMessage
  | question.CheckConnectionExistenceMessage
  | question.CheckUserExistenceMessage
  | question.GroupMemberQueryMessage
  | closing.CloseConnectionWithAckMessage
  | closing.CloseConnectionsWithAckMessage
  | closing.CloseUserConnectionsWithAckMessage
  | closing.CloseGroupConnectionsWithAckMessage
  | invocation.ClientInvocationMessage
  | invocation.ClientCompletionMessage
  | invocation.ErrorCompletionMessage
  | invocation.ServiceMappingMessage
  | authentication.RefreshAuthMessage
  | authentication.GetConnectionClaimsMessage
  | authentication.UpdateConnectionClaimsMessage;

/** Message numbers on the wire. */
export const ServiceMessageType = {
  HandshakeRequest: 1,
  HandshakeResponse: 2,
  Ping: 3,
  OpenConnection: 4,
  CloseConnection: 5,
  ConnectionData: 6,
  MultiConnectionData: 7,
  UserData: 8,
  MultiUserData: 9,
  BroadcastData: 10,
  JoinGroup: 11,
  LeaveGroup: 12,
  GroupBroadcastData: 13,
  MultiGroupBroadcastData: 14,
  ServiceError: 15,
  UserJoinGroup: 16,
  UserLeaveGroup: 17,
  JoinGroupWithAck: 18,
  LeaveGroupWithAck: 19,
  Ack: 20,
  CheckUserInGroup: 21,
  ServiceEvent: 22,
  CheckGroupExistence: 23,
  CheckConnectionExistence: 24,
  CheckUserExistence: 25,
  UserJoinGroupWithAck: 26,
  UserLeaveGroupWithAck: 27,
  AccessKeyRequest: 28,
  AccessKeyResponse: 29,
  CloseConnectionWithAck: 30,
  CloseConnectionsWithAck: 31,
  CloseUserConnectionsWithAck: 32,
  CloseGroupConnectionsWithAck: 33,
  ClientInvocation: 34,
  ClientCompletion: 35,
  ErrorCompletion: 36,
  ServiceMapping: 37,
  ConnectionReconnect: 38,
  ConnectionFlowControl: 39,
  GroupMemberQuery: 40,
  RefreshAuth: 41,
  GetConnectionClaims: 42,
  UpdateConnectionClaims: 43,
} as const satisfies Record<string, ServiceMessage["type"]>;

/** By message number. */
export const codecs: readonly (Codec | undefined)[] = byType([
  session.handshakeRequest,
  session.handshakeResponse,
  session.ping,
  session.serviceError,
  session.serviceEvent,
  session.accessKeyRequest,
  session.accessKeyResponse,
  connection.openConnection,
  connection.closeConnection,
  connection.connectionData,
  connection.connectionReconnect,
  connection.connectionFlowControl,
  multicast.multiConnectionData,
  multicast.userData,
  multicast.multiUserData,
  multicast.broadcastData,
  multicast.groupBroadcastData,
  multicast.multiGroupBroadcastData,
  group.joinGroup,
  group.leaveGroup,
  group.userJoinGroup,
  group.userLeaveGroup,
  group.joinGroupWithAck,
  group.leaveGroupWithAck,
  group.userJoinGroupWithAck,
  group.userLeaveGroupWithAck,
  question.ack,
  question.checkUserInGroup,
  question.checkGroupExistence,
  question.checkConnectionExistence,
  question.checkUserExistence,
  question.groupMemberQuery,
  closing.closeConnectionWithAck,
  closing.closeConnectionsWithAck,
  closing.closeUserConnectionsWithAck,
  closing.closeGroupConnectionsWithAck,
  invocation.clientInvocation,
  invocation.clientCompletion,
  invocation.errorCompletion,
  invocation.serviceMapping,
  authentication.refreshAuth,
  authentication.getConnectionClaims,
  authentication.updateConnectionClaims,
]);

function byType(list: readonly Codec[]): readonly (Codec | undefined)[] {
  const table: (Codec | undefined)[] = [];
  for (const codec of list) table[codec.type] = codec;
  return table;
}
