export * from "./connection-string.ts";
export * from "./entra-tokens.ts";
export * from "./handshake.ts";
export { headerText } from "./header-text.ts";
export * from "./hub-protocol.ts";
export { clientProtocols, hubProtocols } from "./hub-protocols.ts";
export { watchIdleClose } from "./idle-close.ts";
export { jsonProtocol } from "./json-protocol.ts";
export { parseJson, stringifyJson } from "./json-text.ts";
export { messagePackProtocol } from "./messagepack-protocol.ts";
export { decodeMessagePack } from "./messagepack-value.ts";
export * from "./messages.ts";
export * from "./payload.ts";
export * from "./service/ack-payload.ts";
export {
  type GetConnectionClaimsMessage,
  noExpiry,
  type RefreshAuthMessage,
  type UpdateConnectionClaimsMessage,
} from "./service/authentication-messages.ts";
export type {
  CloseConnectionsWithAckMessage,
  CloseConnectionWithAckMessage,
  CloseGroupConnectionsWithAckMessage,
  CloseUserConnectionsWithAckMessage,
} from "./service/closing-messages.ts";
export {
  type CloseConnectionMessage,
  type ConnectionDataMessage,
  type ConnectionFlowControlMessage,
  type ConnectionReconnectMessage,
  DataMessageType,
  FlowControlOperation,
  FlowControlSubject,
  type OpenConnectionMessage,
  ServiceHeader,
} from "./service/connection-messages.ts";
export type { Extensions } from "./service/extensions.ts";
export type { ClaimEntry } from "./service/field.ts";
export type {
  JoinGroupMessage,
  JoinGroupWithAckMessage,
  LeaveGroupMessage,
  LeaveGroupWithAckMessage,
  UserJoinGroupMessage,
  UserJoinGroupWithAckMessage,
  UserLeaveGroupMessage,
  UserLeaveGroupWithAckMessage,
} from "./service/group-messages.ts";
export type {
  ClientCompletionMessage,
  ClientInvocationMessage,
  ErrorCompletionMessage,
  ServiceMappingMessage,
} from "./service/invocation-messages.ts";
export type {
  BroadcastDataMessage,
  GroupBroadcastDataMessage,
  MultiConnectionDataMessage,
  MultiGroupBroadcastDataMessage,
  MultiUserDataMessage,
  UserDataMessage,
} from "./service/multicast-messages.ts";
export {
  AckStatus,
  type CheckConnectionExistenceMessage,
  type CheckGroupExistenceMessage,
  type CheckUserExistenceMessage,
  type CheckUserInGroupMessage,
  type GroupMemberQueryMessage,
  type ServiceAckMessage,
} from "./service/question-messages.ts";
export { type ServiceMessage, ServiceMessageType } from "./service/service-messages.ts";
export * from "./service/service-protocol.ts";
export {
  type AccessKeyRequestMessage,
  type AccessKeyResponseMessage,
  MigrationLevel,
  pingValue,
  ServerConnectionType,
  type ServiceErrorMessage,
  ServiceEventKind,
  type ServiceEventMessage,
  ServiceEventObject,
  type ServiceHandshakeRequest,
  type ServiceHandshakeResponse,
  type ServicePingMessage,
} from "./service/session-messages.ts";
export { maxTokenLength, type SigningKey, signToken, tokenClaims } from "./sign-token.ts";
export type { TokenCredential } from "./token-credential.ts";
export * from "./typed-client.ts";
